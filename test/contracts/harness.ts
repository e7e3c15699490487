import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Instance } from '../../core/shards/instance.ts';

/** A world to hold to the contracts: empty but for one shard, `web`, and able to run at least four instances. */
export interface Harness {
  readonly ports: Ports;
  readonly settings: Settings;
  /** Lets time go on until the work is done. */
  drive<T>(work: Promise<T>): Promise<T>;
  /** Seconds until the fleet shows what it was asked for. @default at once */
  readonly shows?: number;
  /** Lets this many seconds of the world's time pass. */
  wait(seconds: number): Promise<void>;
}

export type Make = () => Promise<Harness>;

/**
 * What the server under an implementation lacks (ids of test/aws/lacks.ts): the parts of a contract that need it are
 * skipped there.
 */
export type Lacks = ReadonlySet<string>;
export const NO_LACKS: Lacks = new Set();

const reason = { rule: 'pool' } as const;

/** Starts instances and waits until they run; their ids. */
export async function launch({ ports, settings, drive, wait }: Harness, count: number): Promise<string[]> {
  const key = `launch/${ports.clock.now()}`;
  await drive(ports.fleet.apply({ kind: 'start', group: 'steady', count, reason }, key));
  await wait(settings.fleet.leadTimes.cold.seconds * 3);
  const running = (await drive(ports.fleet.list())).filter(({ state }) => state === 'running');
  return running.map(({ id }) => id);
}

export async function stateOf({ ports, drive }: Harness, instance: string): Promise<Instance | undefined> {
  return (await drive(ports.fleet.list())).find(({ id }) => id === instance);
}
