import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse, stringify } from 'yaml';
import { bundleAgent } from '../../agent/bundle.ts';
import { runtime } from '../../agent/runtime.ts';
import type { SettingsInput } from '../../core/settings/schema.ts';
import { CREDENTIALS, ENDPOINT, REGION } from './control/cloud.ts';
import { BALANCER } from './control/haproxy.ts';
import { type Control, startControl } from './control.ts';
import { fleetOf, hostsOf, sliceOf } from './fleet.ts';
import type { Host } from './rig/host.ts';
import { eventually, owned } from './rig/processes.ts';
import { makeRig, type Prepared, type Rig } from './rig/rig.ts';

const EXAMPLE = new URL('../../examples/stateful-service/', import.meta.url).pathname;
const SERVICE = 'chat';
const TABLE = 'foreshard-chat';
const BUCKET = 'foreshard-chat-settings';
const SECONDS = 1000;

/** Three hosts with agent and sample service, the control plane, and a place for clients. */
export interface World {
  readonly rig: Rig;
  readonly control: Control;
  readonly hosts: readonly Host[];
  /** Slice of each host. */
  readonly slices: readonly string[];
  /** Starts the sample's client on a shard, through the load balancer. */
  client(shard: string): Promise<Client>;
  /** What a failure is explained with. */
  logs(): Promise<string>;
  close(): Promise<void>;
}

/** What the client found; examples/stateful-service/client.py says what each means. */
export interface Found {
  readonly acknowledged: number;
  readonly failed: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly longestGap: number;
  readonly lost: readonly string[];
  readonly holders: readonly {
    readonly slot: number;
    readonly epoch: number;
    readonly by: string;
    readonly first: number;
    readonly last: number;
    readonly writes: number;
  }[];
}

export interface Client {
  /** Resolves when so many more writes than now are acknowledged. */
  writes(count: number): Promise<void>;
  /** Ends the writing; what the check then finds. */
  finish(): Promise<Found>;
}

/** The example's settings, active, and with times that suit a test. */
async function settingsOf(more: Partial<SettingsInput>): Promise<string> {
  const example = parse(await readFile(join(EXAMPLE, 'settings.yaml'), 'utf8')) as SettingsInput;
  return stringify({
    ...example,
    ...more,
    fleet: { ...example.fleet, leadTimes: { drain: { seconds: 4 }, activate: { seconds: 10 } } },
    shards: example.shards.map((shard) => ({ ...shard, mode: 'active' })),
  });
}

export interface WorldOptions {
  /** Added to the example's settings. */
  readonly settings?: Partial<SettingsInput>;
  /** Where hooks are. @default of the example's unit */
  readonly hooks?: string;
  /** Unit files of each host, by name. */
  readonly units?: Readonly<Record<string, string>>;
}

export async function startWorld(
  prepared: Prepared,
  zones: readonly string[],
  { settings = {}, hooks = 'http://127.0.0.1:9090/{port}', units = {} }: WorldOptions = {},
): Promise<World> {
  const rig = await makeRig(prepared, zones);
  try {
    const { hosts } = rig;
    const bundle = join(rig.folder, 'agent');
    bundleAgent(bundle);
    await copyFile(runtime('x64'), join(bundle, 'node'));
    const control = await startControl(
      rig,
      { python: prepared.python, table: TABLE, bucket: BUCKET, settings: await settingsOf(settings) },
      { fleet: fleetOf(hosts), hosts: hostsOf(hosts) },
    );
    await Promise.all(hosts.map((host) => host.boot()));
    await Promise.all(hosts.map((host) => install(host, bundle, hooks, units)));
    await eventually('all agents beat', async () => (await control.agents.list()).length === hosts.length);
    const network = await rig.join(99);
    return {
      rig,
      control,
      hosts,
      slices: hosts.map(sliceOf),
      client: async (shard) => {
        const args = [join(EXAMPLE, 'client.py'), `${BALANCER}/${shard}`];
        return clientOf(spawn(...owned(...network.within('python3', args))));
      },
      logs: async () => `── events\n${JSON.stringify(await control.events(), null, 1)}\n${await logsOf(rig)}`,
      close: async () => {
        await control.stop();
        await rig.close();
      },
    };
  } catch (error) {
    const said = await logsOf(rig).catch(() => '');
    await rig.close();
    throw new Error(`${(error as Error).message}\n${said}`, { cause: error });
  }
}

/** The sample service and the agent, as an image's build or user data installs them. */
async function install(
  host: Host,
  bundle: string,
  hooks: string,
  units: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, text] of Object.entries(units)) await host.write(`/etc/systemd/system/${name}`, text);
  await host.copy(EXAMPLE, '/root/service');
  await host.run('bash', '/root/service/install.sh');
  const env = {
    AWS_ENDPOINT_URL: ENDPOINT,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  };
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  await host.write('/etc/foreshard/agent.env', lines.join(''));
  const config = {
    ...{ service: SERVICE, table: TABLE, bucket: BUCKET, state: 'stream' },
    hooks: { http: hooks },
  };
  await host.copy(bundle, '/root/agent');
  await host.write('/root/agent/agent.yaml', stringify(config));
  await host.run('bash', '/root/agent/install.sh');
}

/** What agents and application said on each host, and the processes beside them. */
async function logsOf(rig: Rig): Promise<string> {
  const parts: string[] = [];
  for (const host of rig.hosts) {
    const lines = (await host.journal())
      .split('\n')
      .filter((line) => / (foreshard|node|python3)\S*\[\d+\]/.test(line));
    parts.push(`── ${host.name}\n${lines.slice(-80).join('\n')}`);
  }
  for (const name of ['control', 'haproxy'])
    parts.push(
      `── ${name}\n${await readFile(join(rig.folder, 'control', `${name}.log`), 'utf8').catch(() => '')}`,
    );
  return parts.join('\n');
}

function clientOf(child: ChildProcess): Client {
  const out = text(child.stdout as NonNullable<typeof child.stdout>);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = 0;
  let problem = '';
  child.stderr?.on('data', (line: Buffer) => {
    const count = /(\d+) writes acknowledged/.exec(String(line))?.[1];
    if (count === undefined) problem += String(line);
    else said = Number(count);
  });
  return {
    writes: async (count) => {
      const until = said + count;
      await eventually(`${count} writes`, async () => said >= until, 60 * SECONDS).catch((error) => {
        throw new Error(`${error.message}: ${said} so far\n${problem}`);
      });
    },
    finish: async () => {
      child.stdin?.end();
      await ended;
      try {
        return JSON.parse(await out) as Found;
      } catch {
        throw new Error(`the client said nothing: ${problem}`);
      }
    },
  };
}
