import type { TargetHealth } from '../../core/ports.ts';
import type { Seconds } from '../../core/time.ts';
import type { HealthTargets } from './load-balancer-swept.ts';
import { PK, type Table } from './table.ts';

type Targets = HealthTargets;

/** What the poller knows of a group: its last look, and its last try. */
export interface Look {
  readonly triedAt: Seconds;
  readonly targets: Targets;
}

/** The `health` items, as the poller reads and writes them. */
export class HealthItems {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async all(): Promise<Map<string, Look>> {
    const looks = new Map<string, Look>();
    for (const { sk, at, triedAt, targets } of await this.#table.query(PK.health)) {
      const tried = Math.max(typeof at === 'number' ? at : 0, typeof triedAt === 'number' ? triedAt : 0);
      looks.set(sk, { triedAt: tried, targets: (targets ?? {}) as Targets });
    }
    return looks;
  }

  /** Writes what was seen. `since` of a state stays while the state does. */
  async seen(
    shard: string,
    states: ReadonlyMap<string, TargetHealth>,
    before: Look | undefined,
    at: Seconds,
  ): Promise<Look> {
    const targets: Record<string, Targets[string]> = {};
    for (const [slice, state] of states) {
      const was = before?.targets[slice];
      targets[slice] = { state, since: was?.state === state ? was.since : at };
    }
    const change = { set: { at, triedAt: at, targets }, remove: ['error'] };
    await this.#table.update(PK.health, shard, change);
    return { triedAt: at, targets };
  }

  /** Writes that a look failed. What was seen before keeps its time: an old look is no evidence of now. */
  async failed(shard: string, before: Look | undefined, error: string, at: Seconds): Promise<Look> {
    await this.#table.update(PK.health, shard, { set: { triedAt: at, error } });
    return { triedAt: at, targets: before?.targets ?? {} };
  }

  /** The shard is gone from the settings. */
  async forget(shard: string): Promise<void> {
    await this.#table.delete(PK.health, shard);
  }
}
