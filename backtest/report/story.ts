import type { Reason } from '../../core/capacity/plan.ts';
import type { Seconds } from '../../core/time.ts';
import type { ActionRecord, ForecastNote, InterruptionRecord, MoveRecord, RunRecord } from './run-record.ts';

/** What was the case with a shard around one time; what is absent is not known. Loads in the shard's unit. */
export interface ShardState {
  readonly load?: number;
  readonly unmet?: number;
  readonly capacity?: number;
  /** Made one lead time before: 0.1, 0.5, 0.9 quantile. */
  readonly forecast?: readonly [q10: number, q50: number, q90: number];
  /** What that forecast said of itself, and, if it was so, why the load at that time was unusual. */
  readonly said?: Partial<Omit<ForecastNote, 'at'>>;
  /** In shadow: the capacity that it would have, and why that is another one. */
  readonly inShadow?: { readonly want: number; readonly reason?: Reason };
}

/** An interruption as far as it is known: of one that is not over yet it is open what was absorbed. */
export type ToldInterruption = Omit<InterruptionRecord, 'zone' | 'absorbed' | 'slices'> &
  Partial<Pick<InterruptionRecord, 'zone' | 'absorbed' | 'slices'>>;

/** A move: in records it may be under way now, and one that failed has its error. */
export interface ToldMove extends Omit<MoveRecord, 'outcome'> {
  readonly outcome: MoveRecord['outcome'] | 'under-way';
  readonly error?: string;
}

/** What `explain` tells from: a backtest's run and a deployed service's records both come to it. */
export interface Story {
  /** Its name in messages, e.g. `the run`. */
  readonly name: string;
  /** What of it was read, where that is not all: `the records of …`. */
  readonly read?: string;
  /** The time that it covers; `end` is not in it. */
  readonly start: Seconds;
  readonly end: Seconds;
  /** How exact its times are (s). */
  readonly step: Seconds;
  readonly shards: readonly { readonly name: string; readonly unit: string }[];
  readonly moves: readonly ToldMove[];
  readonly actions: readonly ActionRecord[];
  readonly interruptions: readonly ToldInterruption[];
  stateOf(shard: string, at: Seconds): ShardState;
}

/** The story of a backtest. */
export function storyOf(run: RunRecord): Story {
  const units = new Map(run.settings.shards.map(({ name, capacity }) => [name, capacity.unit]));
  return {
    name: 'the run',
    start: run.start,
    end: run.start + run.fleet.active.length * run.step,
    step: run.step,
    shards: run.shards.map(({ name }) => ({ name, unit: units.get(name) ?? '' })),
    moves: run.moves,
    actions: run.actions,
    interruptions: run.interruptions,
    stateOf: (shard, at) => {
      const series = run.shards.find(({ name }) => name === shard);
      if (series === undefined) return {};
      const i = Math.floor((at - run.start) / run.step);
      const load = series.load[i]!;
      const said = series.said?.findLast((note) => note.at <= at);
      return {
        ...(!Number.isNaN(load) && { load }),
        unmet: series.unmet[i]!,
        capacity: series.capacity[i]!,
        forecast: [series.q10[i]!, series.q50[i]!, series.q90[i]!],
        ...(said !== undefined && { said }),
      };
    },
  };
}
