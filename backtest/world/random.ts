import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** One stream of luck. Draws depend on its seed and name, and on how many were drawn from it, on nothing else. */
export interface Luck {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Lognormal with this mean and relative standard deviation; the mean itself when `spread` is 0. */
  lognormal(mean: number, spread: number): number;
  /** Exponential with this mean. */
  exponential(mean: number): number;
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
}

/**
 * A stream per concern (`boots`, `spot`, …), so that one policy's choices do not change another's luck: more
 * launches use up more boot times, and leave the Spot market as it was.
 */
export function luck(seed: number, concern: string): Luck {
  let hash = 2166136261 ^ seed;
  for (let i = 0; i < concern.length; i++) hash = Math.imul(hash ^ concern.charCodeAt(i), 16777619);
  const generator = xoroshiro128plus(hash | 0);
  // The first draws of similar seeds are similar.
  for (let i = 0; i < 16; i++) generator.next();
  const uniform = () => uniformFloat64(generator);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    between: (from, to) => from + (to - from) * uniform(),
    exponential: (mean) => -mean * Math.log(1 - uniform()),
    lognormal(mean, spread) {
      if (spread === 0) return mean;
      const variance = Math.log(1 + spread * spread);
      return mean * Math.exp(Math.sqrt(variance) * normal() - variance / 2);
    },
  };
}
