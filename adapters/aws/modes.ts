import type { Snapshot } from '../../core/capacity/plan.ts';
import type { StoredSlice } from '../../core/ports.ts';
import type { Mode } from '../../core/settings/schema.ts';
import type { Seconds } from '../../core/time.ts';
import { PK, type Table } from './table.ts';

/** What was switched without a deploy, as the planner takes it. */
type Switched = Required<Pick<Snapshot, 'modes' | 'holdAt'>>;

/** Modes of shards that were switched without a deploy; they outlast deploys and changes of the settings. */
export class Modes {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async read(): Promise<Switched> {
    const modes: Record<string, Mode> = {};
    const holdAt: Record<string, number> = {};
    for (const { sk, ...item } of await this.#table.query(PK.mode)) {
      modes[sk] = item.mode as Mode;
      if (typeof item.holdAt === 'number') holdAt[sk] = item.holdAt;
    }
    return { modes, holdAt };
  }

  /** @param by who did it, for people. @param holdAt with mode `hold`: the instances to keep, of {@link heldBy} */
  async switch(shard: string, mode: Mode, at: Seconds, by: string, holdAt?: number): Promise<void> {
    await this.#table.put({ pk: PK.mode, sk: shard, mode, at, by, holdAt });
  }
}

/**
 * What a shard has, in instances of weight 1: what hold keeps for it. What is on its way in counts; what is on its
 * way out does not, unless it goes there again.
 * @param shareOf share of a slice
 */
export function heldBy(
  shard: string,
  slices: readonly StoredSlice[],
  shareOf: (slice: string) => number,
): number {
  let held = 0;
  for (const { slice, placement } of slices) {
    const has = (placement.kind === 'active' || placement.kind === 'activating') && placement.shard === shard;
    const comes = placement.kind === 'draining' && placement.to === shard;
    if (has || comes) held += shareOf(slice);
  }
  return held;
}
