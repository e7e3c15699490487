import type { StateReader, StateWriter } from '../state.ts';
import { EXPERTS } from './experts/index.ts';
import { lastValue } from './experts/last-value.ts';
import { dayMean } from './experts/means.ts';
import { others } from './experts/others.ts';
import { Losses, RECORD, share } from './losses.ts';
import type { Moment } from './moment.ts';
import { SAMPLES } from './samples/index.ts';

/** No expert may say more than so many times what was ever usual: a trend is not for ever. */
const MOST_RISE = 4;
/** Of what is far, for a shard without a record: the other shards' day; the rest is its own mean. Some have nothing in common. */
const LED = 0.8;

const guesses = new Float64Array(EXPERTS.length);
const weights = new Float64Array(EXPERTS.length);
const or = (value: number, other: number) => (Number.isNaN(value) ? other : value);

/** The experts' guesses of one lead, mixed by how far each was off lately. */
export class Mix {
  readonly #losses: Losses;
  readonly #only: number | undefined;

  /**
   * @param memory forecasts that an expert is judged by, about
   * @param only name of the one expert that is heard. @default all
   */
  constructor(memory: number, only?: string) {
    this.#losses = new Losses(EXPERTS.length, memory);
    const expert = EXPERTS.findIndex(({ name }) => name === only);
    // A sample alone leaves nothing to mix: the newest load stands for it.
    const sample = SAMPLES.some(({ name }) => name === only);
    this.#only = expert >= 0 ? expert : sample ? EXPERTS.indexOf(lastValue) : undefined;
  }

  /** What each said of this moment is compared with the load that came. */
  score(moment: Moment, change: number, load: number): void {
    this.#ask(moment, change);
    for (let i = 0; i < EXPERTS.length; i++)
      if (!Number.isNaN(guesses[i]!))
        this.#losses.tell(i, this.#losses.begin(i), Math.abs(load - guesses[i]!));
  }

  /** The load that is expected. */
  centre(moment: Moment, change: number): number {
    this.#ask(moment, change);
    this.#weigh(moment);
    let sum = 0;
    for (let i = 0; i < EXPERTS.length; i++) if (weights[i]! > 0) sum += weights[i]! * guesses[i]!;
    return sum;
  }

  /** Names and weights of those in the newest {@link centre}. */
  told(): readonly (readonly [name: string, weight: number])[] {
    return EXPERTS.map(({ name }, i) => [name, weights[i]!] as const);
  }

  save(out: StateWriter): void {
    this.#losses.save(out);
  }

  load(from: StateReader): void {
    this.#losses.load(from);
  }

  #ask(moment: Moment, change: number): void {
    const { origin, season } = moment;
    const usual = Math.max(origin.load, origin.hour, origin.week, or(season.day, 0), or(season.week, 0));
    for (let i = 0; i < EXPERTS.length; i++) {
      const guess = EXPERTS[i]!.guess(moment, change);
      guesses[i] = Number.isNaN(guess) ? guess : Math.max(0, Math.min(MOST_RISE * usual, guess));
    }
  }

  #weigh({ lead, past }: Moment): void {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < EXPERTS.length; i++) if (this.#has(i)) best = Math.min(best, this.#losses.mean(i));
    let total = 0;
    for (let i = 0; i < EXPERTS.length; i++) {
      weights[i] = this.#has(i) ? share(best, this.#losses.mean(i)) : 0;
      total += weights[i]!;
    }
    if (total > 0) {
      for (let i = 0; i < EXPERTS.length; i++) weights[i]! /= total;
      return;
    }
    // None has a record: the newest load for what comes next, and the more the mean of all, moved as others move, for what is far.
    const far = this.#only === undefined ? Math.min(0.9, (lead * past.step) / 7200) : 0;
    weights[this.#only !== undefined && !Number.isNaN(guesses[this.#only]!) ? this.#only : 0] = 1 - far;
    const led = Number.isNaN(guesses[EXPERTS.indexOf(others)]!) ? 0 : LED;
    if (far > 0) weights[EXPERTS.indexOf(dayMean)] = (1 - led) * far;
    if (led > 0) weights[EXPERTS.indexOf(others)] = led * far;
  }

  #has(expert: number): boolean {
    if (this.#only !== undefined && this.#only !== expert) return false;
    return this.#losses.count(expert) >= RECORD && !Number.isNaN(guesses[expert]!);
  }
}
