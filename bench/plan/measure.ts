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
/**
 * Of small fleets several different ones are planned in turn, for as many shards: a plan is made once a minute, so
 * its input is never in the processor's cache, and each pays its part of collecting garbage.
 */
const SHARDS_AT_ONCE = 10_000;

/** Measures each size, smallest first. @param repeats plans per size; medians are taken */
export function measure(sizes: readonly number[], repeats: number): Row[] {
  const small = scene(WARM_UP.shards);
  for (let i = 0; i < WARM_UP.repeats; i++) {
    planned(small);
    naiveLoop(small);
  }
  return sizes.map((shards) => row(shards, repeats));
}

function row(shards: number, repeats: number): Row {
  const fleets = Math.max(1, Math.round(SHARDS_AT_ONCE / shards));
  const scenes = Array.from({ length: fleets }, (_, i) => scene(shards, 1 + i));
  const { moves, fleet } = planned(scenes[0]!);
  const runs = Array.from({ length: repeats }, () => timed(scenes, planned));
  const naive = Array.from({ length: repeats }, () => timed(scenes, naiveLoop));
  const seconds = median(runs.map((run) => run.seconds));
  const naiveSeconds = median(naive.map((run) => run.seconds));
  return {
    shards,
    instances: scenes[0]!.snapshot.instances.length,
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

/** Mean over the scenes, one after the other. */
function timed(
  scenes: readonly Scene[],
  work: (scene: Scene) => unknown,
): { seconds: number; cpuSeconds: number } {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (const each of scenes) work(each);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: seconds / scenes.length, cpuSeconds: (user + system) / 1e6 / scenes.length };
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
