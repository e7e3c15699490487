import { LEVELS } from '../forecast.ts';
import { checkFinite, type StateReader, type StateWriter } from '../state.ts';
import { NORMAL } from './widen.ts';

const MEMORY = 0.005;

interface Seen {
  mean: number;
  variance: number;
  points: number;
}

/** What load there is while a shard is closed, by the closing's name: nothing, until something was seen. */
export class Closings {
  readonly #seen = new Map<string, Seen>();

  observe(cause: string, load: number): void {
    const seen = this.#seen.get(cause) ?? { mean: 0, variance: 0, points: 0 };
    this.#seen.set(cause, seen);
    seen.points += 1;
    const share = Math.max(MEMORY, 1 / seen.points);
    const off = load - seen.mean;
    seen.mean += share * off;
    seen.variance = (1 - share) * (seen.variance + share * off * off);
  }

  quantiles(cause: string): number[] {
    const { mean, variance } = this.#seen.get(cause) ?? { mean: 0, variance: 0 };
    return LEVELS.map((_, i) => Math.max(0, mean + NORMAL[i]! * Math.sqrt(variance)));
  }

  save(out: StateWriter): void {
    out.numbers(this.#seen.size);
    for (const [cause, { mean, variance, points }] of this.#seen) {
      out.text(cause);
      out.numbers(mean, variance, points);
    }
  }

  load(from: StateReader): void {
    this.#seen.clear();
    for (let n = from.count('closings'); n > 0; n--) {
      const cause = from.text();
      const [mean, variance, points] = from.numbers(3) as [number, number, number];
      checkFinite('what was measured while closed', [mean, variance, points]);
      this.#seen.set(cause, { mean, variance, points });
    }
  }
}
