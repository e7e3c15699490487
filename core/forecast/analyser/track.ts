import { HOUR, MINUTE, type Seconds } from '../../time.ts';
import { LEVELS } from '../forecast.ts';
import type { StateReader, StateWriter } from '../state.ts';
import { Blend, type Centre } from './blend.ts';
import { FEATURES, features } from './features.ts';
import { Mix } from './mix.ts';
import type { Moment } from './moment.ts';
import { Ridge } from './ridge.ts';
import { Scale } from './scale.ts';
import { TAIL, Tail } from './tail.ts';

/** Forecasts that wait for what they are of, at most: of far leads not every point's is scored. */
const WAITING = 32;
/** Nor of near ones, once there were some: errors that overlap tell the same. */
const APART: Seconds = 3 * MINUTE;
const SOME = 240;
/** One of so many is scored, now this one, now that: what comes at a fixed minute of the hour must not be missed, nor met, always. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** Forecasts by which experts and samples are judged, about; errors of far leads overlap, and tell less. */
const MEMORY = 120;
/** Leads from here on are far (s). */
export const FAR: Seconds = 6 * HOUR;
const FAR_MEMORY = 300;

/** Index of the level whose parts are told: capacity is planned by the upper ones. */
const UPPER = LEVELS.indexOf(0.9);
const TOLD = 0.05;

const seen = new Float64Array(FEATURES);

/**
 * All that is known about forecasting one lead (points ahead). Forecasts wait until the point arrives that they are of;
 * then the experts, the linear model and the quantiles learn from it. What was known at the origin is looked up again, so
 * that little waits.
 */
export class Track {
  readonly lead: number;
  readonly #stride: number;
  readonly #later: number;
  readonly #mix: Mix;
  readonly #blend: Blend;
  readonly #ridge = new Ridge();
  readonly #scale = new Scale();
  /** Of the forecasts that wait: index of the point, what the linear model said, the centre and its scales. */
  readonly #due: Int32Array;
  readonly #change: Float32Array;
  readonly #centre: Float32Array;
  readonly #quick: Float32Array;
  readonly #steady: Float32Array;
  readonly #upper: Float32Array;
  readonly #tail = new Tail();

  /**
   * @param lead points ahead
   * @param step seconds between points
   * @param only the one expert or sample that is heard. @default all
   */
  constructor(lead: number, step: Seconds, only?: string) {
    this.lead = lead;
    this.#stride = Math.max(1, Math.floor(lead / WAITING));
    this.#later =
      Math.max(1, Math.round(Math.min(lead, Math.floor(APART / step)) / this.#stride)) * this.#stride;
    const memory = lead * step < FAR ? MEMORY : FAR_MEMORY;
    this.#mix = new Mix(memory, only);
    this.#blend = new Blend(memory, only);
    const slots = Math.floor(lead / this.#stride) + 1;
    this.#due = new Int32Array(slots).fill(-1);
    this.#change = new Float32Array(slots);
    this.#centre = new Float32Array(slots);
    this.#quick = new Float32Array(slots);
    this.#steady = new Float32Array(slots);
    this.#upper = new Float32Array(slots * TAIL);
  }

  /** Whether a forecast waits for this point. */
  awaits(index: number): boolean {
    return this.#due[this.#slot(index)] === index;
  }

  /** Learns from the point that has come. @param moment as it was when it was forecast */
  learn(moment: Moment, load: number): void {
    const slot = this.#slot(moment.target);
    const change = this.#change[slot]!;
    const made: Centre = {
      centre: this.#centre[slot]!,
      quick: this.#quick[slot]!,
      steady: this.#steady[slot]!,
    };
    this.#tail.learn(this.#upper, slot * TAIL, load);
    this.#mix.score(moment, change, load);
    this.#blend.score(moment, made, load);
    this.#scale.add(load - made.centre);
    this.#ridge.learn(features(moment, seen), load - moment.origin.load, made.quick);
  }

  /** Whether a forecast of this point is worth keeping. */
  keeps(target: number): boolean {
    const width = target - this.lead < SOME ? this.#stride : this.#later;
    const bucket = Math.floor(target / width);
    return target === bucket * width + Math.floor(((bucket * GOLDEN) % 1) * width);
  }

  /** Forecasts, and keeps it until the point arrives. */
  keep(moment: Moment): void {
    const slot = this.#slot(moment.target);
    const change = this.#changeOf(moment);
    const made = this.#made(moment, change);
    const { centre, quick, steady } = made;
    this.#tail.widen(this.#blend.quantiles(moment, made), steady, this.#upper, slot * TAIL);
    this.#due[slot] = moment.target;
    this.#change[slot] = change;
    this.#centre[slot] = centre;
    this.#quick[slot] = quick;
    this.#steady[slot] = steady;
  }

  quantiles(moment: Moment): number[] {
    const made = this.#made(moment, this.#changeOf(moment));
    const quantiles = this.#blend.quantiles(moment, made);
    this.#tail.widen(quantiles, made.steady);
    return quantiles;
  }

  /** What leading indicators add to the load that is expected, over what is expected without them; 1 = nothing. */
  led(moment: Moment): number {
    if (!moment.leading.some((one) => one !== 0)) return 1;
    const change = this.#changeOf(moment);
    const part = this.#ridge.part(seen, FEATURES - moment.leading.length);
    const centre = this.#mix.centre(moment, change);
    const without = this.#mix.centre(moment, change - part);
    return without > 0 ? centre / without : 1;
  }

  /** For people: what carries the 0.9 quantile at this moment, experts and samples, with their shares. */
  method(moment: Moment): string {
    this.quantiles(moment);
    const samples = this.#blend.told(UPPER);
    const mixed = 1 - samples.reduce((sum, [, share]) => sum + share, 0);
    return [...this.#mix.told().map(([name, share]) => [name, mixed * share] as const), ...samples]
      .filter(([, share]) => share >= TOLD)
      .sort((a, b) => b[1] - a[1])
      .map(([name, share]) => `${name} ${share.toFixed(2)}`)
      .join(', ');
  }

  save(out: StateWriter): void {
    for (const part of [this.#mix, this.#blend, this.#ridge, this.#scale, this.#tail]) part.save(out);
    for (const values of this.#waiting()) out.array(values);
  }

  load(from: StateReader): void {
    for (const part of [this.#mix, this.#blend, this.#ridge, this.#scale, this.#tail]) part.load(from);
    for (const values of this.#waiting()) from.fill(values);
  }

  #waiting(): readonly (Int32Array | Float32Array)[] {
    return [this.#due, this.#change, this.#centre, this.#quick, this.#steady, this.#upper];
  }

  #slot(target: number): number {
    return Math.floor(target / this.#stride) % this.#due.length;
  }

  #changeOf(moment: Moment): number {
    features(moment, seen);
    return this.#ridge.ready ? this.#ridge.change(seen) : Number.NaN;
  }

  #made(moment: Moment, change: number): Centre {
    const { origin } = moment;
    const centre = this.#mix.centre(moment, change);
    const spread = Math.abs(origin.load - origin.hour);
    return { centre, quick: this.#scale.quick(centre, spread), steady: this.#scale.steady(centre, spread) };
  }
}
