import type { Seconds } from '../../time.ts';
import type { Influence } from '../forecast.ts';

/** No event is said to do more; and a load that was nothing before has no factor at all. */
const MOST = 1000;

/** What moved one forecast: of each cause, where its factor is farthest from 1. */
export class Influences {
  readonly #causes = new Map<string, Influence>();

  constructor(before: readonly Influence[] = []) {
    for (const one of before) this.#causes.set(one.cause, one);
  }

  times(cause: string, factor: number, ahead: Seconds): void {
    if (Math.abs(factor - 1) < 0.005) return;
    const known = this.#causes.get(cause);
    if (known === undefined || far(factor) > far(known.factor))
      this.#causes.set(cause, { cause, factor, ahead });
  }

  /** A median before and after. */
  note(cause: string, before: number, after: number, ahead: Seconds): void {
    if (before === after) return;
    this.times(cause, before > 0 ? Math.min(MOST, after / before) : MOST, ahead);
  }

  /** The strongest first. */
  list(): Influence[] {
    return [...this.#causes.values()].sort((a, b) => far(b.factor) - far(a.factor));
  }
}

const far = (factor: number) => Math.abs(Math.log(factor));
