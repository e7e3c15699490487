import { DAY, HOUR, MINUTE, type Seconds } from '../../time.ts';
import type { Indicators } from '../forecast.ts';
import type { StateReader, StateWriter } from '../state.ts';
import { Echo, type Lead } from './echo.ts';
import { Innovations } from './innovations.ts';
import { BinnedPast } from './past.ts';
import { OTHERS } from './sources.ts';

export interface LeadLagOptions {
  /** Seconds between points. */
  readonly step: Seconds;
  readonly indicators: Indicators;
  /** How long before the newest point features are still asked for (s): whoever learns, learns from what was known then. */
  readonly reach: Seconds;
}

/** An indicator that leads the load. */
export interface Chosen {
  readonly name: string;
  /** By how long it leads (s). */
  readonly lag: Seconds;
  /** Correlation of what is new in the indicator and, that long after, in the load; in [-1, 1]. */
  readonly weight: number;
  /** Its place among the features. */
  readonly feature: number;
}

/** What a forecast says that they moved: `indicator sign-ins (12 min ahead)`. */
export function causeOf(chosen: readonly Chosen[]): string {
  return `indicator ${chosen.map(({ name, lag }) => `${name} (${Math.round(lag / MINUTE)} min ahead)`).join(' and ')}`;
}

/** Numbers that {@link LeadLag.features} gives: one for each indicator that is used at a time. */
export const LEAD_FEATURES = 2;

/** Lags are looked for at this width: finer than it, what is new in most metrics is noise. */
const BIN: Seconds = 5 * MINUTE;
const LONGEST_LAG: Seconds = 6 * HOUR;
const LOOK_BEHIND: Seconds = HOUR;
const MEMORY: Seconds = 14 * DAY;
const CHOOSE_EVERY: Seconds = 6 * HOUR;
/** Deviations of chance: seventy lags of six indicators are tried, and noise must give none. One in use may be weaker. */
const SURE = 5;
const STILL_SURE = 3.5;
/** Of what was before a load's first point, so much is looked at. */
const BEFORE: Seconds = 7 * DAY;
/** Bins of a day that its mean is taken of. */
const OF_DAY = 24;
/** A change counts for at most so many deviations. */
const MOST = 6;

interface Indicator {
  readonly name: string;
  readonly past: BinnedPast;
  readonly innovations: Innovations;
  readonly echo: Echo;
}

interface Used {
  readonly indicator: Indicator;
  readonly lead: Lead;
}

/** What is put away of a place that none is in. */
const NOTHING: Lead = { lag: 0, correlation: 0, deviations: 0 };

/**
 * Finds which indicators lead a load, by how long, and says at each point how they have changed lately in a way that
 * the load has not shown yet.
 *
 * Invariants: what it says after a point depends on loads and indicators up to that point only. An indicator stays in
 * its place among the features for as long as it is in use. A state that was put away goes on exactly.
 */
export class LeadLag {
  readonly #step: Seconds;
  readonly #reach: Seconds;
  readonly #indicators: Indicators;
  /** Slots per bin. */
  readonly #width: number;
  readonly #all: readonly Indicator[];
  readonly #others: Indicator | undefined;
  readonly #load: BinnedPast;
  readonly #innovations: Innovations;
  readonly #used: (Used | undefined)[] = Array.from({ length: LEAD_FEATURES }, () => undefined);
  #newest: Seconds | undefined;
  #bins = 0;

  constructor({ step, indicators, reach }: LeadLagOptions) {
    this.#step = step;
    this.#reach = reach;
    this.#indicators = indicators;
    this.#width = Math.max(1, Math.round(BIN / step));
    this.#all = indicators.names.map((name) => this.#indicator(name));
    this.#others = this.#all.find(({ name }) => name === OTHERS);
    this.#load = new BinnedPast(this.#width, this.#inBins(DAY), 1);
    this.#innovations = new Innovations(this.#inBins(MEMORY));
  }

  /** Those in use, in the order of the features. */
  get chosen(): readonly Chosen[] {
    return this.#used.flatMap((used, feature) => (used ? [{ ...this.#described(used), feature }] : []));
  }

  /** Time up to which the indicators were asked; undefined before they were. */
  get newest(): Seconds | undefined {
    return this.#newest;
  }

  /** Whether a time was asked for already. */
  isPast(time: Seconds): boolean {
    return this.#newest !== undefined && time <= this.#newest;
  }

  /** Asks the indicators up to a time at which there is no load yet; what is known of the week before it is asked for too. */
  follow(until: Seconds): void {
    const slots =
      this.#newest === undefined
        ? Math.ceil(BEFORE / this.#step)
        : this.#bridged(Math.round((until - this.#newest) / this.#step));
    for (let back = slots - 1; back >= 0; back--) {
      const time = until - back * this.#step;
      if (this.#newest === undefined && !this.#isAnyKnown(time)) continue;
      this.#take(time, Number.NaN);
      this.#newest = time;
    }
  }

  /**
   * Takes the load at the next time in, and asks the indicators of it and of what was skipped.
   * @param time later than the last one, on the same grid
   */
  observe(time: Seconds, load: number): void {
    this.follow(time - this.#step);
    this.#take(time, load);
    this.#newest = time;
  }

  /**
   * What the load of the other shards usually is at the time of day that lies `lead` after `origin`, over what it usually
   * is in the `length` before `origin`, as it was known then; `NaN` where it was not.
   * @param origin as for {@link features}
   * @param length seconds, a day at most
   */
  othersRise(origin: Seconds, lead: Seconds, length: Seconds): number {
    if (this.#others === undefined || this.#newest === undefined) return Number.NaN;
    const { past } = this.#others;
    const back = Math.round((this.#newest - origin) / this.#step);
    const until = past.binAt(back - 1) - 1;
    const apart = Math.max(1, Math.floor(this.#inBins(DAY) / OF_DAY));
    const window = Math.min(DAY, length) / this.#binned;
    let [sum, known] = [0, 0];
    for (let ago = 0; ago < window; ago += apart) {
      const usual = past.usualAt(until - ago, until);
      if (Number.isNaN(usual)) continue;
      sum += usual;
      known += 1;
    }
    const there = past.usualAt(past.binAt(back - Math.round(lead / this.#step)), until);
    return sum > 0 ? (there * known) / sum : Number.NaN;
  }

  /**
   * How the indicators in use have changed, beyond what is usual at the time of day, over the stretch whose echo in the load
   * lies between `origin` and `lead` after it: in deviations, 0 where none is in use or it is not known.
   * @param origin time of the newest point, or of one up to `reach` before; nothing after it is looked at
   * @param lead seconds
   */
  features(origin: Seconds, lead: Seconds): readonly number[] {
    const back = Math.max(0, ((this.#newest ?? origin) - origin) / this.#step);
    return this.#used.map((used) => {
      if (used === undefined) return 0;
      const { past } = used.indicator;
      const lag = used.lead.lag * this.#width;
      const unseen = Math.max(0, lag - lead / this.#step);
      const change = past.trailing(back + unseen) - past.trailing(back + lag);
      if (Number.isNaN(change) || past.spread === 0) return 0;
      return Math.max(-MOST, Math.min(MOST, change / past.spread));
    });
  }

  save(out: StateWriter): void {
    out.numbers(this.#newest ?? Number.NaN, this.#bins, this.#all.length);
    this.#load.save(out);
    this.#innovations.save(out);
    for (const { name, past, innovations, echo } of this.#all) {
      out.text(name);
      past.save(out);
      innovations.save(out);
      echo.save(out);
    }
    for (const used of this.#used) {
      const { lag, correlation, deviations } = used?.lead ?? NOTHING;
      out.numbers(used ? this.#all.indexOf(used.indicator) : -1, lag, correlation, deviations);
    }
  }

  /** Takes up what was put away by one with the same step and reach. Indicators that were not there then begin anew. */
  load(from: StateReader): void {
    const [newest, bins] = from.numbers(2) as [number, number];
    const saved = from.count('indicators');
    this.#newest = Number.isNaN(newest) ? undefined : newest;
    this.#bins = bins;
    this.#load.load(from);
    this.#innovations.load(from);
    const there: (Indicator | undefined)[] = [];
    for (let i = 0; i < saved; i++) {
      const name = from.text();
      const known = this.#all.find((one) => one.name === name);
      const { past, innovations, echo } = known ?? this.#indicator(name);
      past.load(from);
      innovations.load(from);
      echo.load(from);
      there.push(known);
    }
    for (let place = 0; place < LEAD_FEATURES; place++) {
      const [at, lag, correlation, deviations] = from.numbers(4) as [number, number, number, number];
      const indicator = there[at];
      this.#used[place] = indicator && { indicator, lead: { lag, correlation, deviations } };
    }
  }

  get #binned(): Seconds {
    return this.#width * this.#step;
  }

  #take(time: Seconds, load: number): void {
    const filled = this.#load.push(load);
    for (const [i, one] of this.#all.entries()) one.past.push(this.#valueAt(i, one, time));
    if (!filled) return;
    this.#bins += 1;
    const led = this.#innovations.next(this.#load.bin(0));
    for (const { past, innovations, echo } of this.#all) echo.push(led, innovations.next(past.bin(0)));
    if (this.#bins % this.#inBins(CHOOSE_EVERY) === 0) this.#choose();
  }

  /** Nothing older than a day and the longest lag is ever looked at; of more slots, whole days are left out. */
  #bridged(slots: number): number {
    const day = this.#inBins(DAY) * this.#width;
    const longest = day + Math.ceil((LONGEST_LAG + this.#reach) / this.#step) + this.#width;
    return slots - day * Math.max(0, Math.ceil((slots - longest) / day));
  }

  #isAnyKnown(time: Seconds): boolean {
    return this.#all.some((_, i) => !Number.isNaN(this.#indicators.at(i, time)));
  }

  #valueAt(i: number, one: Indicator, time: Seconds): number {
    const value = this.#indicators.at(i, time);
    return Number.isNaN(value) || this.#isForeseen(one, time) ? Number.NaN : value;
  }

  /**
   * Whether what an indicator shows, or its echo in the load, may be of an event whose factor is known: it would count
   * twice then. Where an indicator in use has its echo is known to a bin or so.
   */
  #isForeseen(indicator: Indicator, time: Seconds): boolean {
    if (this.#indicators.isForeseen === undefined) return false;
    const times = [time];
    const used = this.#used.find((one) => one?.indicator === indicator);
    if (used !== undefined)
      for (const bins of [-1, 0, 1]) times.push(time + (used.lead.lag + bins) * this.#binned);
    return times.some((at) => this.#indicators.isForeseen?.(at));
  }

  /** The strongest that are surely none of chance, each in the place that it had. */
  #choose(): void {
    const before = this.#used.map((used) => used?.indicator);
    const best = this.#all
      .flatMap((indicator) => {
        const lead = indicator.echo.lead();
        const sure = before.includes(indicator) ? STILL_SURE : SURE;
        return lead !== undefined && lead.deviations >= sure ? [{ indicator, lead }] : [];
      })
      .sort((a, b) => Math.abs(b.lead.correlation) - Math.abs(a.lead.correlation))
      .slice(0, LEAD_FEATURES);
    const fresh = best.filter(({ indicator }) => !before.includes(indicator));
    for (const [place, indicator] of before.entries())
      this.#used[place] = (indicator && best.find((one) => one.indicator === indicator)) ?? fresh.shift();
  }

  #described({ indicator, lead }: Used): Omit<Chosen, 'feature'> {
    return { name: indicator.name, lag: lead.lag * this.#binned, weight: lead.correlation };
  }

  #indicator(name: string): Indicator {
    const [ahead, behind, memory] = [LONGEST_LAG, LOOK_BEHIND, MEMORY].map((time) => this.#inBins(time));
    return {
      name,
      past: new BinnedPast(this.#width, this.#inBins(DAY), ahead! + this.#inBins(this.#reach) + 2),
      innovations: new Innovations(memory!),
      echo: new Echo(ahead!, behind!, memory!),
    };
  }

  #inBins(time: Seconds): number {
    return Math.max(1, Math.round(time / this.#binned));
  }
}
