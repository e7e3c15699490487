import type { Seconds } from '../core/time.ts';
import type { StartedMove } from './under-way.ts';

/** A move that was started, and how it ended, if it has. */
export interface RecordedMove extends StartedMove {
  readonly doneAt?: Seconds;
  /** Begins with the step that failed. */
  readonly error?: string;
}

/** So many failures without a success between them, and it is not the slices. */
const IN_A_ROW = 3;

/**
 * Shards to which moves keep failing (a hook that is broken, a health check that nothing passes), and how many may be
 * started to each now: one, when none is under way, until one succeeds. Without this each minute would start and undo
 * as many moves as the plan asks for, for as long as it is broken; and that is what workflows are paid by.
 * @param moves of the last half hour or so
 */
export function brakes(moves: readonly RecordedMove[]): ReadonlyMap<string, number> {
  const byShard = Map.groupBy(moves, ({ move: { to } }) => (to.kind === 'active' ? to.shard : undefined));
  const left = new Map<string, number>();
  for (const [shard, its] of byShard) {
    if (shard === undefined) continue;
    const ends = (outcome: string) => its.filter((one) => one.outcome === outcome);
    const lastDone = Math.max(...ends('done').map(({ doneAt = 0 }) => doneAt), Number.NEGATIVE_INFINITY);
    // One that could not even begin (a shard whose target group is still being made) cost nothing and tells nothing.
    const failed = ends('failed').filter(
      ({ doneAt = 0, error }) => doneAt > lastDone && !error?.startsWith('claim: '),
    );
    if (failed.length < IN_A_ROW) continue;
    left.set(shard, its.some(({ outcome }) => outcome === undefined) ? 0 : 1);
  }
  return left;
}
