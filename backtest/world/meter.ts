import { HOUR, type Seconds } from '../../core/time.ts';

/** What is metered over time, in instances; `dollars` in $ per hour. */
export const METERED = [
  'starting',
  'running',
  'stopped',
  'ready',
  'activating',
  'active',
  'dollars',
] as const;
export type Metered = (typeof METERED)[number];

/** Integrates counts that change at instants: `change` when one does, `take` for what has gathered since the last take. */
export class Meter {
  readonly level: Record<Metered, number>;
  #sums: Record<Metered, number>;
  #at: Seconds;

  constructor(start: Seconds) {
    this.#at = start;
    this.level = zeros();
    this.#sums = zeros();
  }

  /** Brings the integrals up to `now`; call it before a level changes. */
  advance(now: Seconds): void {
    const seconds = now - this.#at;
    if (seconds <= 0) return;
    for (const what of METERED) this.#sums[what] += this.level[what] * seconds;
    this.#at = now;
  }

  /** Instance-seconds (and $) since the last take. */
  take(now: Seconds): Record<Metered, number> {
    this.advance(now);
    const taken = this.#sums;
    this.#sums = zeros();
    return { ...taken, dollars: taken.dollars / HOUR };
  }
}

const zeros = (): Record<Metered, number> => ({
  starting: 0,
  running: 0,
  stopped: 0,
  ready: 0,
  activating: 0,
  active: 0,
  dollars: 0,
});
