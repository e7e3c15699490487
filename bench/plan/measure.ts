import { plan } from '../../core/capacity/planner.ts';
import { type Scene, scene } from './fleet.ts';
import { naiveLoop } from './naive.ts';

/** One size: how long a plan takes, and the naive loop on the same input. */
export interface Row {
  readonly shards: number;
  readonly instances: number;
  readonly moves: number;
  readonly actions: number;
  /** Medians of the repeats. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly naiveSeconds: number;
  /** `seconds` over `naiveSeconds`. */
  readonly timesNaive: number;
}

/** Plans of a small fleet before the clock starts, so that no size pays for the compiler. */
const WARM_UP = { shards: 1000, repeats: 15 };
/** Small fleets are planned several times in a row, for as many shards: each pays its part of collecting garbage. */
const SHARDS_AT_ONCE = 10_000;

/** Measures each size, smallest first. @param repeats plans per size; medians are taken */
export function measure(sizes: readonly number[], repeats: number): Row[] {
  const small = scene(WARM_UP.shards);
  for (let i = 0; i < WARM_UP.repeats; i++) {
    planned(small);
    naiveLoop(small);
  }
  return sizes.map((shards) => row(scene(shards), repeats));
}

function row(made: Scene, repeats: number): Row {
  const { moves, fleet } = planned(made);
  const times = Math.max(1, Math.round(SHARDS_AT_ONCE / made.settings.shards.length));
  const runs = Array.from({ length: repeats }, () => timed(times, () => planned(made)));
  const naive = Array.from({ length: repeats }, () => timed(times, () => naiveLoop(made)));
  const seconds = median(runs.map((run) => run.seconds));
  const naiveSeconds = median(naive.map((run) => run.seconds));
  return {
    shards: made.settings.shards.length,
    instances: made.snapshot.instances.length,
    moves: moves.length,
    actions: fleet.length,
    seconds,
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
    naiveSeconds,
    timesNaive: seconds / naiveSeconds,
  };
}

function planned({ snapshot, forecasts, settings }: Scene) {
  return plan(snapshot, forecasts, settings, snapshot.at);
}

/** Mean of so many in a row. */
function timed(times: number, work: () => unknown): { seconds: number; cpuSeconds: number } {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < times; i++) work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: seconds / times, cpuSeconds: (user + system) / 1e6 / times };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** By which power of the number of shards the time grows: the slope of its logarithm by least squares. */
export function growthExponent(rows: readonly Pick<Row, 'shards' | 'seconds'>[]): number {
  const x = rows.map(({ shards }) => Math.log(shards));
  const y = rows.map(({ seconds }) => Math.log(seconds));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let xy = 0;
  let xx = 0;
  x.forEach((each, i) => {
    xy += (each - mx) * (y[i]! - my);
    xx += (each - mx) ** 2;
  });
  return xy / xx;
}
