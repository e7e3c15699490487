import { LEVELS } from '../forecast.ts';
import type { StateReader, StateWriter } from '../state.ts';
import { Losses, RECORD, share } from './losses.ts';
import type { Moment } from './moment.ts';
import { LEVEL_COUNT, pinball, sampleQuantiles } from './quantiles.ts';
import { SAMPLES } from './samples/index.ts';
import { MOST_SAMPLES } from './samples/sample.ts';
import { Shape } from './shape.ts';

/** The experts' mix with the errors of busy and calm hours, and with those of days; then come the samples. */
const MODELS = 2;
const COUNT = MODELS + SAMPLES.length;
/** One whose best share at any level is below this is left out: it would cost time and change nothing. */
const LEAST_SHARE = 0.1;
/** From this level on, losses are remembered so many times longer: few loads come so high, and tell who serves there. */
const HIGH = LEVELS.indexOf(0.98);
const LONGER = 4;

const drawn = new Float64Array(MOST_SAMPLES);
const quantiles = new Float64Array(COUNT * LEVEL_COUNT);
const shares = new Float64Array(COUNT * LEVEL_COUNT);
const sums = new Float64Array(LEVEL_COUNT);
const totals = new Float64Array(LEVEL_COUNT);

/** What a mix expects, with the expected sizes of its error. */
export interface Centre {
  readonly centre: number;
  readonly quick: number;
  readonly steady: number;
}

/** Quantiles of one lead: at each level its own blend of the mix and of past loads, by how each served lately. */
export class Blend {
  readonly #losses: Losses;
  readonly #quick = new Shape();
  readonly #steady = new Shape();
  readonly #only: number | undefined;

  /**
   * @param memory forecasts that each is judged by, about
   * @param only 'mix' or the name of the one sample that is heard. @default all
   */
  constructor(memory: number, only?: string) {
    this.#losses = new Losses(COUNT, memory, LEVEL_COUNT);
    const sample = SAMPLES.findIndex(({ name }) => name === only);
    this.#only = only === undefined ? undefined : sample < 0 ? 0 : MODELS + sample;
  }

  /** What was forecast of this moment is compared with the load that came. */
  score(moment: Moment, made: Centre, load: number): void {
    for (let one = 0; one < COUNT; one++) {
      if (!this.#quantiles(one, moment, made)) {
        this.#losses.forget(one);
        continue;
      }
      const weight = this.#losses.begin(one);
      const high = Math.max(weight / LONGER, 1 / this.#losses.count(one));
      for (let i = 0; i < LEVEL_COUNT; i++) {
        const loss = pinball(LEVELS[i]!, quantiles[one * LEVEL_COUNT + i]!, load);
        this.#losses.tell(one, i < HIGH ? weight : high, loss, i);
      }
    }
    this.#quick.add((load - made.centre) / made.quick);
    this.#steady.add((load - made.centre) / made.steady);
  }

  /** Quantiles at `LEVELS`, non-negative and ascending. */
  quantiles(moment: Moment, made: Centre): number[] {
    this.#share();
    sums.fill(0);
    totals.fill(0);
    for (let one = 0; one < COUNT; one++) {
      const from = one * LEVEL_COUNT;
      if (!this.#counts(from) || !this.#quantiles(one, moment, made)) continue;
      for (let i = 0; i < LEVEL_COUNT; i++) {
        sums[i]! += shares[from + i]! * quantiles[from + i]!;
        totals[i]! += shares[from + i]!;
      }
    }
    const ascending: number[] = [];
    let below = 0;
    for (let i = 0; i < LEVEL_COUNT; i++) {
      below = Math.max(below, totals[i]! > 0 ? sums[i]! / totals[i]! : made.centre);
      ascending.push(below);
    }
    return ascending;
  }

  /** Names and shares at one level of the samples in the newest {@link quantiles}; the rest is the mix's. */
  told(level: number): readonly (readonly [name: string, share: number])[] {
    let total = 0;
    for (let one = 0; one < COUNT; one++) total += shares[one * LEVEL_COUNT + level]!;
    return SAMPLES.map(({ name }, i) => [name, shares[(MODELS + i) * LEVEL_COUNT + level]! / total] as const);
  }

  save(out: StateWriter): void {
    this.#losses.save(out);
    this.#quick.save(out);
    this.#steady.save(out);
  }

  load(from: StateReader): void {
    this.#losses.load(from);
    this.#quick.load(from);
    this.#steady.load(from);
  }

  /** Whether any of these shares matters. */
  #counts(from: number): boolean {
    for (let i = 0; i < LEVEL_COUNT; i++) if (shares[from + i]! >= LEAST_SHARE) return true;
    return false;
  }

  #share(): void {
    for (let i = 0; i < LEVEL_COUNT; i++) {
      let best = Number.POSITIVE_INFINITY;
      for (let one = 0; one < COUNT; one++)
        if (this.#has(one)) best = Math.min(best, this.#losses.mean(one, i));
      for (let one = 0; one < COUNT; one++) {
        // Without a record, the mix alone.
        const without = one === (this.#only ?? 0) ? 1 : 0;
        shares[one * LEVEL_COUNT + i] = Number.isFinite(best)
          ? this.#has(one)
            ? share(best, this.#losses.mean(one, i))
            : 0
          : without;
      }
    }
  }

  #has(one: number): boolean {
    if (this.#only !== undefined && this.#only !== one && !(this.#only === 0 && one === 1)) return false;
    return this.#losses.count(one) >= RECORD;
  }

  #quantiles(one: number, moment: Moment, { centre, quick, steady }: Centre): boolean {
    const from = one * LEVEL_COUNT;
    if (one >= MODELS) {
      const count = SAMPLES[one - MODELS]!.draw(moment, drawn);
      return sampleQuantiles(drawn, count, quantiles, from);
    }
    const shape = (one === 0 ? this.#quick : this.#steady).quantiles;
    const scale = one === 0 ? quick : steady;
    for (let i = 0; i < LEVEL_COUNT; i++) quantiles[from + i] = Math.max(0, centre + scale * shape[i]!);
    return true;
  }
}
