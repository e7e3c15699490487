import type { Seconds } from '../core/time.ts';

/**
 * A load trace on an even grid. `values[s][i]` is the load of shard `s` at `start + i × step`; `NaN` is missing.
 * This is what every reader returns and every world and model eats.
 */
export interface LoadTrace {
  /** File name without its endings, for tables. */
  readonly name: string;
  readonly shards: readonly string[];
  readonly start: Seconds;
  readonly step: Seconds;
  readonly values: readonly Float64Array[];
  /** What the reader left out or mended, one sentence each. */
  readonly notes?: readonly string[];
}

/** How a trace is divided: `[0, history)` is known, `[history, end)` is judged. In steps of the trace given. */
export interface Window {
  readonly history: number;
  readonly end: number;
}
