import { DAY, type Seconds } from '../../time.ts';
import type { Forecast, KeptForecaster } from '../forecast.ts';
import type { Grid } from './grid.ts';
import type { Points } from './points.ts';
import { withinStep } from './within-step.ts';

/** Makes the forecaster of one series on this grid, as new or as it was when `state` was put away. */
export type MakeForecaster = (series: string, grid: Grid, state?: Uint8Array) => KeptForecaster;

/** Behind a longer gap a series begins anew, where what was before it is too short to have shown a season. */
const LONGEST_GAP: Seconds = 21 * DAY;
const SEASON: Seconds = 2 * DAY;

/** Values of one slot of the grid: their mean is the load of the slot. */
interface Slot {
  readonly at: number;
  /** Newest stamp in it. */
  time: Seconds;
  sum: number;
  count: number;
}

/**
 * One pass through a series, with a forecast at each origin on the way.
 *
 * Invariant: the forecast at an origin is a function of the points at or before it (and of the grid as known then),
 * bit by bit: neither later points nor the other origins change it. A slot of which a later point may still change the
 * mean is therefore never taken in for good in a series that has such slots: a copy of the forecaster takes it in.
 */
export class Pass {
  readonly #points: Points;
  readonly #make: MakeForecaster;
  #grid: Grid | undefined;
  #forecaster!: KeptForecaster;
  #next = 0;
  #open: Slot | undefined;
  /** Whether the open slot has been taken in. */
  #fed = false;
  /** Whether points with different stamps have shared a slot so far. */
  #shared = false;
  #asOf: Seconds = Number.NEGATIVE_INFINITY;
  /** First slot that the forecaster was given. */
  #first: Seconds | undefined;

  constructor(points: Points, make: MakeForecaster) {
    this.#points = points;
    this.#make = make;
  }

  /**
   * @param origin not before the last one asked for
   * @param horizons seconds, ascending
   */
  forecast(origin: Seconds, grid: Grid, horizons: readonly Seconds[]): Forecast {
    if (grid.step !== this.#grid?.step) this.#begin(grid, false);
    this.#read(origin);
    const made = this.#upToDate().forecast(origin, horizons);
    if (this.#open === undefined) return made;
    const { time, sum, count } = this.#open;
    return withinStep(made, { time, load: sum / count }, grid.step);
  }

  /**
   * Up to when other series may be looked at while a point is taken in: that point's own stamp, or its slot where that
   * is earlier.
   */
  get asOf(): Seconds {
    return this.#asOf;
  }

  #begin(grid: Grid, shared: boolean): void {
    this.#grid = grid;
    this.#shared = shared;
    this.#forecaster = this.#make(this.#points.name, grid);
    this.#next = 0;
    this.#open = undefined;
    this.#fed = false;
    this.#first = undefined;
  }

  #read(origin: Seconds): void {
    const { times, values } = this.#points;
    while (this.#next < times.length && times[this.#next]! <= origin) {
      const [time, value] = [times[this.#next]!, values[this.#next]!];
      this.#next += 1;
      if (!Number.isNaN(value)) this.#take(time, value);
    }
  }

  #take(time: Seconds, value: number): void {
    const { start, step } = this.#grid!;
    const at = Math.round((time - start) / step);
    if (this.#open?.at !== at) {
      this.#close();
      this.#open = { at, time, sum: value, count: 1 };
      return;
    }
    this.#open.sum += value;
    this.#open.count += 1;
    const isSame = time === this.#open.time;
    this.#open.time = time;
    if (isSame || this.#shared) return;
    this.#begin(this.#grid!, true);
    this.#read(time);
  }

  #close(): void {
    if (this.#open !== undefined && !this.#fed) this.#takeIn(this.#open);
    this.#fed = false;
  }

  /** For good. */
  #takeIn(slot: Slot): void {
    const next = this.#observed(this.#forecaster, slot);
    if (next !== this.#forecaster || this.#first === undefined) this.#first = this.#timeOf(slot);
    this.#forecaster = next;
  }

  /** The forecaster with the open slot as it is known now. */
  #upToDate(): KeptForecaster {
    if (this.#open === undefined || this.#fed) return this.#forecaster;
    if (this.#shared) {
      const copy = this.#make(this.#points.name, this.#grid!, this.#forecaster.state());
      return this.#observed(copy, this.#open);
    }
    this.#takeIn(this.#open);
    this.#fed = true;
    return this.#forecaster;
  }

  #observed(forecaster: KeptForecaster, slot: Slot): KeptForecaster {
    const { time: stamp, sum, count } = slot;
    const time = this.#timeOf(slot);
    this.#asOf = Math.min(time, stamp);
    const { knownUntil = time } = forecaster;
    const isCut = time - knownUntil > LONGEST_GAP && knownUntil - (this.#first ?? time) < SEASON;
    const next = isCut ? this.#make(this.#points.name, this.#grid!) : forecaster;
    next.observe({ time, load: sum / count });
    return next;
  }

  #timeOf({ at }: Slot): Seconds {
    const { start, step } = this.#grid!;
    return start + at * step;
  }
}
