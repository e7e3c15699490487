import type { Moment } from '../moment.ts';

/** One way to say what the load will be. */
export interface Expert {
  /** For people. */
  readonly name: string;
  /**
   * Load at the target, in the shard's unit; `NaN` when it has nothing to say.
   * @param change what the linear model expects; `NaN` while it knows too little
   */
  readonly guess: (moment: Moment, change: number) => number;
}
