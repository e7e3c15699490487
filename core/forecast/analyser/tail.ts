import { LEVELS } from '../forecast.ts';
import type { StateReader, StateWriter } from '../state.ts';
import { LEVEL_COUNT } from './quantiles.ts';

/** Levels that are watched: what is above them costs, and is seldom seen. */
const FROM = LEVELS.indexOf(0.99);
/** Of the scale, for each load above; a ninety-ninth of it is taken back for each below the 0.99 quantile. */
const PACE = 0.02;
const MOST = 6;

/** Levels kept of each forecast that waits. */
export const TAIL = LEVEL_COUNT - FROM;

/**
 * Widens the upper quantiles while they are exceeded more often than they say (adaptive conformal inference, widening
 * only): past errors tell too little of what drifts.
 */
export class Tail {
  readonly #wider = new Float32Array(TAIL);

  /** Widens them, in place. @param scale expected size of an error @param into where the upper ones are written; for {@link learn} */
  widen(quantiles: number[], scale: number, into?: Float32Array, at = 0): void {
    for (let i = 0; i < TAIL; i++) {
      const wider = quantiles[FROM + i]! + this.#wider[i]! * scale;
      quantiles[FROM + i] = Math.max(wider, quantiles[FROM + i - 1]!);
      if (into) into[at + i] = quantiles[FROM + i]!;
    }
  }

  /** @param upper what {@link widen} wrote */
  learn(upper: Float32Array, at: number, load: number): void {
    for (let i = 0; i < TAIL; i++) {
      const missed = load > upper[at + i]! ? 1 : 0;
      const next = this.#wider[i]! + PACE * (LEVELS[FROM + i]! - 1 + missed);
      this.#wider[i] = Math.max(0, Math.min(MOST, next));
    }
  }

  save(out: StateWriter): void {
    out.array(this.#wider);
  }

  load(from: StateReader): void {
    from.fill(this.#wider);
  }
}
