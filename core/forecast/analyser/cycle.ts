import { DAY, HOUR, MINUTE, type Seconds, WEEK } from '../../time.ts';
import type { StateReader, StateWriter } from '../state.ts';
import { akin, Band, type BandOptions } from './band.ts';
import type { Past } from './past.ts';
import type { Seasons } from './season.ts';

/** Widths of the values that periods are looked for in, besides single points: each finds what is 12 to 60 times as long. */
const WIDTHS: readonly Seconds[] = [5 * MINUTE, 20 * MINUTE, HOUR, 4 * HOUR];
const LONGEST_LAG = 60;
const SHORTEST_LAG = 2;
const MOST_VALUES = 600;
const REACH: Seconds = 8 * WEEK;
/** Longer than this, the day is taken out first: what divides it is the season's. */
const OF_DAY: Seconds = 5 * HOUR;
const LONGEST: Seconds = 6 * DAY;
/** Another period must be so much stronger than the one that is used; one that divides it, only as strong as this. */
const STRONGER = 1.3;
const SAME = 0.7;
/** Weight of a cycle in the mean of the same phase, over that of the one after it. */
const KEEP = 0.75;
const CYCLES = 8;
/** Farther ahead than so many cycles, the phase is not known well enough. */
const FARTHEST = 8;
/** Their weights' centre: the mean is as the load was so many cycles before the newest. */
const CENTRE = 2;
/** Phases are smoothed by so little of the period to both sides. */
const SMOOTH = 192;
/** Half the width over which the day is smoothed, that moves it. */
const DRIFT: Seconds = 15 * MINUTE;
/** Points by which the level is compared to that of the last cycles, at most. */
const NEWEST = 8;

const UNITS: readonly { readonly name: string; readonly size: Seconds }[] = [
  { name: 'd', size: DAY },
  { name: 'h', size: HOUR },
  { name: 'min', size: MINUTE },
];

const NOT_KNOWN = { index: -1, until: -1, load: Number.NaN };

function bandsOf(past: Past): BandOptions[] {
  const { step } = past;
  const widths = [1];
  for (const width of WIDTHS.map((seconds) => Math.round(seconds / step)))
    if (width >= 3 * widths.at(-1)!) widths.push(width);
  const bands: BandOptions[] = [];
  let from: Seconds = SHORTEST_LAG * step;
  for (const width of widths) {
    const value = width * step;
    const most = Math.min(MOST_VALUES, Math.floor(REACH / value));
    const to = Math.min(LONGEST, LONGEST_LAG * value);
    for (const daily of [false, true]) {
      const end = daily ? to : Math.min(to, OF_DAY);
      const shortest = Math.max(SHORTEST_LAG, Math.ceil(from / value));
      if (end <= shortest * value) continue;
      bands.push({ width, from: shortest, to: Math.floor(end / value), most, daily });
      from = end;
    }
  }
  return bands;
}

/**
 * The one period besides day and week that a load follows, if it does: from two points to six days. It is looked for in
 * the past, and used to look up the same phase of earlier cycles.
 *
 * Invariants: `NaN` without a period. What is looked up depends on the period and on points up to `until`.
 */
export class Cycle {
  readonly #past: Past;
  readonly #seasons: Seasons;
  readonly #bands: readonly Band[];
  #period = Number.NaN;
  /** Looked up last: experts and samples ask for the same one after the other. */
  #expected = NOT_KNOWN;
  #above = NOT_KNOWN;

  constructor(past: Past, seasons: Seasons) {
    this.#past = past;
    this.#seasons = seasons;
    this.#bands = bandsOf(past).map((options) => new Band(past, options));
  }

  /** In points; `NaN` when there is none. */
  get period(): number {
    return this.#period;
  }

  /** For people: names with the period added. */
  told(names: string): string {
    if (Number.isNaN(this.#period)) return names;
    const seconds = this.#period * this.#past.step;
    const unit = UNITS.find(({ size }) => seconds >= 2 * size) ?? UNITS.at(-1)!;
    return names.replaceAll('cycle', `cycle of ${Number((seconds / unit.size).toFixed(1))} ${unit.name}`);
  }

  /** After each point that was measured. */
  look(): void {
    this.#forget();
    let looked = false;
    for (const band of this.#bands) looked = band.look() || looked;
    if (looked) this.#choose();
  }

  /** Index of the same phase, `nth` cycles before the newest that is known at `until` (0 = that one). May be negative. */
  earlier(index: number, until: number, nth: number): number {
    return index - Math.round((this.#back(index, until) + nth) * this.#period);
  }

  /** Mean load of the same phase of the last cycles, newer ones weigh more. */
  mean(index: number, until: number): number {
    if (Number.isNaN(this.#period)) return Number.NaN;
    const half = Math.floor(this.#period / SMOOTH);
    const cycles = this.#back(index, until);
    if (cycles > FARTHEST) return Number.NaN;
    let back = cycles * this.#period;
    let sum = 0;
    let total = 0;
    let weight = 1;
    for (let n = 0; n < CYCLES; n++) {
      const at = index - Math.round(back);
      if (at < 0) break;
      const load = half > 0 ? this.#past.mean(at - half, at + half, until) : this.#past.at(at, until);
      if (Number.isNaN(load)) break;
      back += this.#period;
      sum += weight * load;
      total += weight;
      weight *= KEEP;
    }
    return total > 0 ? sum / total : Number.NaN;
  }

  /** {@link mean}, moved as the day moves since then. */
  expected(index: number, until: number): number {
    const known = this.#expected;
    if (known.index === index && known.until === until) return known.load;
    const mean = this.mean(index, until);
    const load = Number.isNaN(mean) ? mean : mean + this.#drift(index, until);
    this.#expected = { index, until, load };
    return load;
  }

  /** By how much the last points were above {@link expected}. */
  above(index: number): number {
    if (Number.isNaN(this.#period)) return Number.NaN;
    if (this.#above.index === index) return this.#above.load;
    const points = Math.max(1, Math.min(NEWEST, Math.round(this.#period / 2)));
    let sum = 0;
    for (let i = index - points + 1; i <= index; i++) sum += this.#past.at(i, i) - this.mean(i, i - 1);
    const load = sum / points - this.#drift(index, index - 1);
    this.#above = { index, until: index, load };
    return load;
  }

  save(out: StateWriter): void {
    out.numbers(this.#period);
    for (const band of this.#bands) band.save(out);
  }

  load(from: StateReader): void {
    [this.#period] = from.numbers(1) as [number];
    for (const band of this.#bands) band.load(from);
    this.#forget();
  }

  /** Cycles before `index` of the newest one that is known. */
  #back(index: number, until: number): number {
    return Math.max(1, Math.ceil((index - until) / this.#period));
  }

  #forget(): void {
    this.#expected = NOT_KNOWN;
    this.#above = NOT_KNOWN;
  }

  /** Between the same phases a season differs by the time of day alone, even where the cycle is part of it. */
  #drift(index: number, until: number): number {
    const earlier = this.earlier(index, until, CENTRE);
    const half = Math.floor(DRIFT / this.#past.step);
    const drift = this.#seasons.dayAt(index, until, half) - this.#seasons.dayAt(earlier, until, half);
    return Number.isNaN(drift) ? 0 : drift;
  }

  #choose(): void {
    const found = this.#bands.filter((band) => !Number.isNaN(band.period));
    const power = Math.max(...found.map((band) => band.power));
    const now = found.find((band) => akin(band.period, this.#period));
    const best = found.find((band) => band.power >= SAME * power);
    const stays = now && best && best.period >= now.period && power < STRONGER * now.power;
    // One that is gone is still looked up: what it is worth shows by its loss, and it may come back.
    this.#period = (stays ? now : best)?.period ?? this.#period;
  }
}
