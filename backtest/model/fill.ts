import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { LoadTrace } from '../load.ts';

/**
 * Brings a trace to 1-minute steps. A finer one is averaged. In a coarser one, and across gaps, each interval
 * between two known points is filled with a seeded Brownian bridge whose steps are as rough as the trace's own steps
 * around it: straight lines would leak the next value to whoever extrapolates. What lies before a series' first or
 * after its last value is no load.
 */
export function fillToMinutes(trace: LoadTrace, seed: number): LoadTrace {
  const minutesPerStep = trace.step / 60;
  const values = trace.values.map((series, shard) =>
    minutesPerStep < 1 ? averageToMinutes(series, trace.step) : bridge(series, minutesPerStep, seed + shard),
  );
  return { ...trace, step: 60, values };
}

function averageToMinutes(series: Float64Array, step: number): Float64Array {
  const minutes = Math.floor((series.length * step) / 60);
  const sum = new Float64Array(minutes);
  const count = new Float64Array(minutes);
  series.forEach((value, i) => {
    const minute = Math.floor((i * step) / 60);
    if (Number.isNaN(value) || minute >= minutes) return;
    sum[minute]! += value;
    count[minute]! += 1;
  });
  return bridge(
    sum.map((total, i) => (count[i] === 0 ? Number.NaN : total / count[i]!)),
    1,
    0,
  );
}

/** How many known intervals on each side tell how rough the trace is here. */
const ROUGHNESS_REACH = 12;

function bridge(series: Float64Array, minutesPerStep: number, seed: number): Float64Array {
  const out = new Float64Array(Math.round(series.length * minutesPerStep));
  const known: number[] = [];
  series.forEach((value, i) => {
    if (!Number.isNaN(value)) known.push(i);
  });
  if (known.length === 0) return out;
  const normal = normals(seed);
  const rough = roughness(series, known, minutesPerStep);
  for (let n = 0; n < known.length; n++) {
    const from = Math.round(known[n]! * minutesPerStep);
    const value = series[known[n]!]!;
    if (from < out.length) out[from] = value;
    const next = known[n + 1];
    if (next === undefined) break;
    const to = Math.round(next * minutesPerStep);
    let at = value;
    for (let minute = from + 1; minute < to; minute++) {
      const left = to - minute + 1;
      at += (series[next]! - at) / left + rough[n]! * Math.sqrt((left - 1) / left) * normal();
      out[minute] = Math.max(0, at);
    }
  }
  return out;
}

/** Turns the median size of a normal change into its standard deviation. */
const MEDIAN_TO_DEVIATION = 1.4826;

/**
 * Typical change per square root of a minute around each interval between known points: from the median of the
 * intervals near it, so that a single burst does not make the hours around it noisy.
 */
function roughness(series: Float64Array, known: readonly number[], minutesPerStep: number): Float64Array {
  const changes = Float64Array.from({ length: Math.max(0, known.length - 1) }, (_, n) => {
    const minutes = (known[n + 1]! - known[n]!) * minutesPerStep;
    return Math.abs(series[known[n + 1]!]! - series[known[n]!]!) / Math.sqrt(minutes);
  });
  return changes.map((_, n) => {
    const near = changes.slice(Math.max(0, n - ROUGHNESS_REACH), n + ROUGHNESS_REACH + 1).sort();
    return MEDIAN_TO_DEVIATION * near[near.length >> 1]!;
  });
}

/** Standard normal numbers from a seed (Box–Muller). */
export function normals(seed: number): () => number {
  const random: RandomGenerator = xoroshiro128plus(seed);
  const uniform = () => ((random.next() >>> 0) + 0.5) / 0x1_0000_0000;
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
