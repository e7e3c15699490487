import type { StateReader, StateWriter } from '../state.ts';
import { KINDS, type Kind } from './outlook.ts';

/** Bins of the logarithm of what came over what was expected, from `LOW` up. */
const BINS = 41;
const LOW = -3;
const WIDTH = 0.15;
/** Of what was seen an hour ago so much counts now: a memory of about two weeks. */
const MEMORY = 0.997;
/** What is believed before anything was seen: median and spread of the logarithm, as much as so many observations. */
const PRIORS: Readonly<Record<Kind, readonly [median: number, spread: number]>> = {
  steady: [0, 0.4],
  rising: [-0.1, 0.6],
  falling: [0, 0.6],
  returning: [-0.2, 0.7],
};
const PRIOR_WEIGHT = 20;

/**
 * How well loads were foreseen so far, per kind of outlook: what came, over what was expected. It makes a probability
 * and quantiles of an expectation, for all keys of a shard together.
 */
export class Outcomes {
  readonly #priors = perKind(priorOf);
  readonly #bins = perKind(priorOf);

  /** An hour is over. */
  age(): void {
    for (const kind of KINDS) {
      const bins = this.#bins[kind];
      const prior = this.#priors[kind];
      // What is forgotten gives way to what was believed before.
      for (let i = 0; i < BINS; i++) bins[i] = prior[i]! + (bins[i]! - prior[i]!) * MEMORY;
    }
  }

  /** @param expected above 0 */
  saw(kind: Kind, expected: number, came: number): void {
    this.#bins[kind][binOf(Math.log(came / expected))]! += 1;
  }

  /** Probability that at least `load` comes where `expected` is. */
  atLeast(kind: Kind, expected: number, load: number): number {
    if (!(expected > 0)) return 0;
    const needed = Math.log(load / expected);
    const bins = this.#bins[kind];
    let [above, all] = [0, 0];
    for (let i = 0; i < BINS; i++) {
      all += bins[i]!;
      // Within a bin as if evenly spread.
      above += bins[i]! * Math.min(1, Math.max(0, (ratioOf(i) + WIDTH / 2 - needed) / WIDTH));
    }
    return above / all;
  }

  /** The load that is not exceeded with probability `level` (0 < level < 1) where `expected` is. */
  quantile(kind: Kind, expected: number, level: number): number {
    const bins = this.#bins[kind];
    const all = bins.reduce((a, b) => a + b, 0);
    let below = 0;
    for (let i = 0; i < BINS; i++) {
      const share = bins[i]! / all;
      if (below + share >= level) {
        const within = (level - below) / share - 0.5;
        return expected * Math.exp(ratioOf(i) + within * WIDTH);
      }
      below += share;
    }
    return expected * Math.exp(ratioOf(BINS - 1) + WIDTH / 2);
  }

  save(out: StateWriter): void {
    for (const kind of KINDS) out.array(this.#bins[kind]);
  }

  load(from: StateReader): void {
    for (const kind of KINDS) from.fill(this.#bins[kind]);
  }
}

const perKind = <T>(make: (kind: Kind) => T) =>
  Object.fromEntries(KINDS.map((kind) => [kind, make(kind)])) as Record<Kind, T>;

function priorOf(kind: Kind): Float32Array {
  const [median, spread] = PRIORS[kind];
  const raw = Float32Array.from({ length: BINS }, (_, i) =>
    Math.exp(-(((ratioOf(i) - median) / spread) ** 2) / 2),
  );
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((value) => (value / sum) * PRIOR_WEIGHT);
}

const ratioOf = (bin: number) => LOW + bin * WIDTH;
const binOf = (ratio: number) =>
  Number.isNaN(ratio) ? 0 : Math.min(BINS - 1, Math.max(0, Math.round((ratio - LOW) / WIDTH)));
