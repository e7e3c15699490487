import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoTable } from '../adapters/aws/dynamo-table.ts';
import { TableAgents } from '../adapters/aws/hand-over/agents.ts';
import { S3HopStore } from '../adapters/aws/hand-over/hop-store.ts';
import { SettingsStore } from '../adapters/aws/settings-store.ts';
import type { Table } from '../adapters/aws/table.ts';
import { VmItems } from '../adapters/aws/vm-items.ts';
import type { Settings } from '../core/settings/schema.ts';
import { FIRST_PORT } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { appConfigOf, type Config } from './config.ts';
import { handle } from './control/handle.ts';
import { socketOf } from './control/protocol.ts';
import { ControlServer } from './control/server.ts';
import { Daemon } from './daemon.ts';
import { type AgentClock, systemClock } from './gateway/clock.ts';
import { appOf } from './hooks/app.ts';
import type { Log } from './log.ts';
import { Measure } from './measure.ts';
import { SliceMemory } from './memory.ts';
import { Metadata } from './metadata.ts';
import { KnownSettings, settingsFile } from './settings.ts';
import { hasState } from './slices.ts';
import { type Slots, slotsOf } from './slots.ts';
import { cgroupsOf, runVmAgent, thisMachine, VmAgent } from './vm/index.ts';

/** Between two tries of what the agent cannot begin without. */
const AGAIN: Seconds = 2;

/** A beat has to be over well within a third of the shortest lease (10 s). */
const CLIENT = {
  retryMode: 'standard',
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
};

/**
 * The agent of this host, until the signal ends it. What it needs to begin (metadata, settings) is tried until it is there.
 * @throws what its ports and sockets throw when they cannot be opened
 */
export async function run(config: Config, log: Log, signal: AbortSignal): Promise<void> {
  const clock = systemClock;
  const metadata = new Metadata(config.metadata, clock);
  const insist = <T>(what: string, work: () => Promise<T>) => insisted(what, work, { clock, log, signal });

  const instance = await insist('instance id', () => metadata.need('meta-data/instance-id'));
  const address = config.address ?? (await insist('address', () => metadata.need('meta-data/local-ipv4')));
  const region = config.region ?? (await insist('region', () => metadata.need('meta-data/placement/region')));
  const s3 = new S3Client({ region, ...CLIENT });
  const table = new DynamoTable(new DynamoDBClient({ region, ...CLIENT }), config.table);
  const settings = new KnownSettings(settingsOf(config, s3), clock, log);
  const known = await insist('settings', () => settings.get());

  const hop = config.bucket === undefined ? undefined : new S3HopStore(s3, config.bucket);
  const { transferPort } = config;
  let slots: Slots | undefined;
  const daemon = new Daemon({
    instance,
    address,
    transferPort,
    bootId: randomUUID(),
    ports: portsOf(config, known),
    agents: new TableAgents(table),
    settings,
    app: (port, shard) =>
      appOf(appConfigOf(config, shard.name), { shard: shard.name, port, gateway: hasState(shard) }),
    memory: new SliceMemory(config.run),
    metadata,
    measure: new Measure(clock),
    serving: (host) => {
      slots = slotsOf({ host, table, transferPort, hop, clock, log });
      return slots;
    },
    clock,
    log,
  });
  const control = new ControlServer(socketOf(config.run), (request) => handle(daemon, request), log);
  // Before the first beat says that it is there.
  await slots!.listen();
  await daemon.start();
  await control.start();
  const vms = vmShards({ instance, known, settings, table, clock, log, signal });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await control.stop();
  await daemon.stop();
  await vms;
}

function settingsOf({ settings, bucket }: Config, s3: S3Client) {
  if (settings !== undefined) return settingsFile(settings);
  const store = new SettingsStore(s3, bucket!);
  return async () => (await store.read()).settings;
}

const portsOf = ({ slices }: Config, { fleet, vm }: Settings) =>
  slices ??
  Array.from({ length: Math.max(fleet.slicesPerInstance, vm.maxPerInstance) }, (_, i) => FIRST_PORT + i);

interface VmShards extends Insistence {
  readonly instance: string;
  readonly known: Settings;
  readonly settings: KnownSettings;
  readonly table: Table;
}

/** Keeps the VM shards of this instance, where the settings have any, until the signal ends it. */
async function vmShards({ instance, known, settings, table, clock, log, signal }: VmShards): Promise<void> {
  if (known.vm.maxPerInstance === 0) return;
  try {
    const agent = new VmAgent({
      instance,
      vms: new VmItems(table),
      settings: () => settings.get(),
      machine: thisMachine,
      cgroups: await cgroupsOf(thisMachine),
      now: () => clock.now(),
      log,
    });
    await runVmAgent(agent, clock, log, signal);
  } catch (error) {
    // A machine without control groups has no VM shards; the rest of the agent goes on.
    log.error('vm-shards-ended', { error });
  }
}

interface Insistence {
  readonly clock: AgentClock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

async function insisted<T>(
  what: string,
  work: () => Promise<T>,
  { clock, log, signal }: Insistence,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 0) log.warn('waits', { for: what, error });
    }
    await clock.sleep(AGAIN, signal);
  }
}
