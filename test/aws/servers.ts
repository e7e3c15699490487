import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pythonWithServers } from './python.ts';
import { type Recorder, record } from './recorder.ts';

export const REGION = 'us-east-1';
/** Both servers know this account. */
export const ACCOUNT = '000000000000';
/** MiniStack takes this key for the account's root. */
export const ROOT = { accessKeyId: 'test', secretAccessKey: 'test' };

/** Folders of runs: `foreshard-aws-<pid>-<random>`. */
const PREFIX = 'foreshard-aws-';

/** Where the two servers are, through their recorders. Plain data: global set-up hands it to the test files. */
export interface Where {
  /** Control half: everything but the services below. */
  readonly ministack: string;
  /** Fleet half: EC2, Auto Scaling, Elastic Load Balancing, SSM. */
  readonly moto: string;
  /** Folder of this run: logs of the servers, home of the CDK CLI. Removed at the end. */
  readonly folder: string;
}

export interface Servers extends Where {
  stop(): Promise<void>;
}

/**
 * Starts MiniStack and moto on free loopback ports. Lambda functions in MiniStack run the Node.js that runs this, and
 * reach moto for the services that it stands in for, by the SDK's own environment variables.
 * @throws {Error} with the end of its log when a server does not come up.
 */
export async function startServers(say: (line: string) => void = console.error): Promise<Servers> {
  const python = await pythonWithServers(say);
  await forgetKilledRuns();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // Functions are unpacked below this folder: a package.json of anybody in the folder above would change what they are.
  await writeFile(join(folder, 'package.json'), '{"type": "commonjs"}');
  const running: ChildProcess[] = [];
  const recorders: Recorder[] = [];
  const stop = async () => {
    await Promise.all(running.map(ended));
    await Promise.all(recorders.map((one) => one.close()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const ports = { ministack: await freePort(), moto: await freePort() };
    const ministack = await record('ministack', ports.ministack);
    recorders.push(ministack);
    const moto = await record('moto', ports.moto);
    recorders.push(moto);
    const start = (server: keyof typeof ports, health: string, env: Readonly<Record<string, string>>) => {
      const child = launch(python, server, ports[server], folder, env);
      running.push(child);
      return healthy(child, server, `http://127.0.0.1:${ports[server]}${health}`, folder);
    };
    await Promise.all([
      start('moto', '/moto-api/data.json', { MOTO_ACCOUNT_ID: ACCOUNT }),
      start('ministack', '/_ministack/health', {
        BIND_HOST: '127.0.0.1',
        GATEWAY_PORT: String(ports.ministack),
        SFTP_ENABLED: '0',
        IOT_MTLS_ENABLED: '0',
        LOG_LEVEL: 'INFO',
        // Policies of roles are enforced; functions get sessions of their roles.
        AUTH: 'true',
        // Functions inherit these.
        AWS_ENDPOINT_URL: ministack.url,
        AWS_ENDPOINT_URL_EC2: moto.url,
        AWS_ENDPOINT_URL_AUTO_SCALING: moto.url,
        AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2: moto.url,
        AWS_ENDPOINT_URL_SSM: moto.url,
      }),
    ]);
    return {
      ministack: ministack.url,
      moto: moto.url,
      folder,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function launch(
  python: string,
  server: string,
  port: number,
  folder: string,
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const script = new URL('server.py', import.meta.url).pathname;
  const child = spawn(python, [script, server, String(port)], {
    // Its own group, so that it can end its functions with itself; its standard input ends with this process.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: folder,
    env: {
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: folder,
      TMPDIR: folder,
      PYTHONUNBUFFERED: '1',
      AWS_ACCESS_KEY_ID: ROOT.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
      ...env,
    },
  });
  const log = createWriteStream(join(folder, `${server}.log`));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  return child;
}

async function healthy(child: ChildProcess, server: string, url: string, folder: string): Promise<void> {
  const by = performance.now() + 60_000;
  while (child.exitCode === null && performance.now() < by) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((go) => setTimeout(go, 100));
  }
  const log = await readFile(join(folder, `${server}.log`), 'utf8').catch(() => '');
  throw new Error(`${server} did not answer ${url} within 60 s:\n${log.slice(-4000)}`);
}

/** Ends the server; it ends its functions. */
function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once('exit', () => done());
    child.stdin?.end();
  });
}

/** Folders of runs that did not come to their end; their servers ended with them. */
async function forgetKilledRuns(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-')[0] : Number.NaN);
    if (pid > 0 && !runs(pid)) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is one too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((ready) => probe.listen(0, '127.0.0.1', ready));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
