import { HOUR, type Seconds } from '../../time.ts';
import { ForecasterStateError, StateReader, StateWriter } from '../state.ts';
import { type CountedHour, HourOfCounts, type KeyCounts } from './counts.ts';
import { Outcomes } from './outcomes.ts';
import { AHEAD, type Kind, mean, type Outlook, outlookOf, SUSTAINED } from './outlook.ts';
import { Seasons } from './seasons.ts';
import { KEPT, Series } from './series.ts';

export interface EmergingOptions {
  /** The shard inside which the keys are. */
  readonly of: string;
  /** A key deserves a shard with this share of its shard's load of the last day … */
  readonly share: number;
  /** … and at least this load (requests/s). */
  readonly least: number;
  /** Probability from which on it is proposed. */
  readonly confidence: number;
}

/** A key that is likely to deserve a shard of its own within a day. Loads are requests per second. */
export interface Emerged {
  readonly key: string;
  readonly of: string;
  /** Since when it is proposed. */
  readonly since: Seconds;
  /** Its load of the last hours, and the share of the shard's load of the last day that this is. */
  readonly load: number;
  readonly share: number;
  /** Quantiles of the highest load that it will keep up for hours, within a day. */
  readonly expected: { readonly q50: number; readonly q90: number; readonly q95: number };
  /** Load from which on it deserves a shard. */
  readonly threshold: number;
  /** Probability that it will have that load. */
  readonly confidence: number;
  /** When instances should be ready. */
  readonly readyBy: Seconds;
  /** `returning`: as it was large a week or a year ago; else what its load does now. */
  readonly kind: Kind;
}

/** Keys whose loads are kept hour by hour. */
const ROOM = 64;
/** A key with this part of what deserves a shard is looked at. */
const LOOKED_AT = 0.05;
/** From this part on an outlook teaches what outlooks are worth; from that part on a day is worth remembering. */
const TEACHES = 0.25;
const REMEMBERED = 0.5;
/** Hours in a row until a proposal is withdrawn, and the probability below which they are counted. */
const DOWN = 24;
const OFF = 0.25;
const DAY = 24;
/** Rises with every change of what {@link Emerging.state} writes. */
const VERSION = 1;

/**
 * Recognises keys (routes, tenants) inside one shard that will soon deserve a shard of their own. Incremental and
 * bounded: {@link ROOM} keys hour by hour for two days, 32 large ones day by day for a year.
 *
 * Invariant: what it says depends on counts before `knownUntil` only.
 */
export class Emerging {
  readonly #options: EmergingOptions;
  readonly #counting: HourOfCounts;
  readonly #series = new Map<string, Series>();
  readonly #totals = new Series();
  readonly #outcomes = new Outcomes();
  readonly #seasons = new Seasons();
  /** The last full hour (hours since the epoch). */
  #hour: number | undefined;

  constructor(options: EmergingOptions) {
    this.#options = options;
    this.#counting = new HourOfCounts(options.of);
  }

  /** End of the newest span that was observed. */
  get knownUntil(): Seconds | undefined {
    return this.#counting.until;
  }

  /** @throws {RangeError} {@link HourOfCounts.add}'s */
  observe(counts: KeyCounts): void {
    for (const hour of this.#counting.add(counts)) this.#take(hour);
  }

  /** What is proposed as of the last full hour, the most likely first. */
  proposals(): Emerged[] {
    const standing = [...this.#series].filter(([, { since }]) => since > 0);
    return standing
      .map(([key, series]) => this.#emerged(key, series))
      .sort((a, b) => b.confidence - a.confidence || (a.key < b.key ? -1 : 1));
  }

  /** All that it knows, as bytes. */
  state(): Uint8Array {
    const out = new StateWriter();
    out.numbers(VERSION, this.#hour ?? Number.NaN, this.#series.size);
    for (const [key, series] of this.#series) {
      out.text(key);
      series.save(out);
    }
    this.#totals.save(out);
    this.#outcomes.save(out);
    this.#seasons.save(out);
    this.#counting.save(out);
    return out.bytes();
  }

  /** Takes up what {@link state} put away. @throws {ForecasterStateError} when it is of another version, or damaged. */
  restore(state: Uint8Array): void {
    const from = new StateReader(state);
    const [version, hour] = from.numbers(2) as [number, number];
    if (version !== VERSION)
      throw new ForecasterStateError(
        `state of keys of ${this.#options.of}: expected version ${VERSION}, got ${version}`,
      );
    this.#hour = Number.isNaN(hour) ? undefined : hour;
    for (let left = from.count('keys'); left > 0; left--) {
      const series = new Series();
      this.#series.set(from.text(), series);
      series.load(from);
    }
    this.#totals.load(from);
    this.#outcomes.load(from);
    this.#seasons.load(from);
    this.#counting.load(from);
    from.end();
  }

  /** The mean load of the shard in the last day: at night a key must not look large. */
  #typical(): number {
    return mean(this.#totals.loads, KEPT - DAY, KEPT);
  }

  #threshold(): number {
    const { share, least } = this.#options;
    return Math.max(share * this.#typical(), least);
  }

  #take({ hour, total, loads }: CountedHour): void {
    const missing = this.#hour === undefined ? 0 : Math.min(KEPT, hour - this.#hour - 1);
    for (const series of [this.#totals, ...this.#series.values()])
      for (let i = 0; i < missing; i++) series.push(Number.NaN);
    this.#totals.push(total);
    const day = Math.floor(hour / DAY);
    if (this.#hour === undefined || Math.floor(this.#hour / DAY) < day) this.#seasons.begin(day);
    this.#hour = hour;
    const threshold = this.#threshold();
    // What a share is of is not known before a day is.
    const known = this.#totals.loads.subarray(KEPT - DAY).every((load) => !Number.isNaN(load));
    if (!(threshold > 0)) return;
    this.#enter(loads, threshold);
    this.#outcomes.age();
    const middle = Math.floor((hour - SUSTAINED / 2) / DAY);
    for (const [key, series] of this.#series) {
      series.push(loads.get(key) ?? 0);
      const level = mean(series.loads, KEPT - SUSTAINED, KEPT);
      this.#seasons.note(middle, key, level / this.#typical(), (REMEMBERED * threshold) / this.#typical());
      const judged = series.judged(hour);
      if (judged !== undefined && judged.peak >= TEACHES * threshold)
        this.#outcomes.saw(judged.kind, judged.peak, judged.came);
    }
    for (const [key, series] of this.#series) this.#judge(key, series, threshold, known);
  }

  /** Keys that are large enough to be looked at, or were on such a day as comes, get a place while there is one. */
  #enter(loads: ReadonlyMap<string, number>, threshold: number): void {
    const large = [...loads].filter(([, load]) => load >= LOOKED_AT * threshold);
    const returning = [...this.#seasons.keys()].flatMap((key) =>
      this.#returns(key) * this.#typical() >= REMEMBERED * threshold ? [[key, threshold] as const] : [],
    );
    const come = [...returning, ...large].filter(([key]) => !this.#series.has(key));
    const before = this.#totals.loads.slice(0, KEPT - 1);
    come.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    for (const [key, load] of come) {
      if (this.#series.has(key)) continue;
      if (this.#series.size >= ROOM && !this.#makeRoom(load)) return;
      this.#series.set(key, new Series(before));
    }
  }

  /** The key with the least weight goes, unless it has more than who comes. */
  #makeRoom(load: number): boolean {
    let least: string | undefined;
    let weight = load;
    for (const [key, series] of this.#series)
      if (series.since === 0 && series.weight < weight) [least, weight] = [key, series.weight];
    return least !== undefined && this.#series.delete(least);
  }

  /** Share that the key is expected to have within {@link AHEAD} hours because it had it then before. */
  #returns(key: string): number {
    return this.#seasons.expected(this.#dayAhead(), key);
  }

  /** The day of which half or more is within {@link AHEAD} hours, in days since the epoch. */
  #dayAhead(): number {
    return Math.floor((this.#hour! + 1 + AHEAD / 2) / DAY);
  }

  #outlook(key: string, series: Series): Outlook {
    const now = outlookOf(series.loads);
    const peak = this.#returns(key) * this.#typical();
    return peak > now.peak ? { kind: 'returning', peak, hours: now.hours } : now;
  }

  #judge(key: string, series: Series, threshold: number, known: boolean): void {
    const hour = this.#hour!;
    const { kind, peak } = this.#outlook(key, series);
    series.say(hour, { kind, peak });
    const likely = this.#outcomes.atLeast(kind, peak, threshold);
    series.low = likely < OFF ? series.low + 1 : 0;
    if (series.since === 0 && known && likely >= this.#options.confidence) series.since = hour + 1;
    if (series.low >= DOWN) series.since = 0;
    if (series.since === 0 && series.loads.every((load) => !(load > 0)) && peak === 0)
      this.#series.delete(key);
  }

  #emerged(key: string, series: Series): Emerged {
    const now = (this.#hour! + 1) * HOUR;
    const { kind, peak, hours } = this.#outlook(key, series);
    const threshold = this.#threshold();
    const load = mean(series.loads, KEPT - 3, KEPT);
    const quantile = (level: number) => this.#outcomes.quantile(kind, peak, level);
    // Rather too early than too late: as if it came to what it exceeds in one of ten cases.
    const more = peak > 0 ? quantile(0.9) / peak : 1;
    const comes = load >= threshold ? 0 : hours.findIndex((one) => one * more >= threshold);
    const trend = now + (comes === -1 ? AHEAD : comes) * HOUR;
    // Of a day that comes again nobody knows the hour: from its beginning on.
    const readyBy =
      kind === 'returning' && comes !== 0 ? Math.max(now, this.#dayAhead() * DAY * HOUR) : trend;
    const typical = this.#typical();
    return {
      key,
      of: this.#options.of,
      since: series.since * HOUR,
      load: Number.isNaN(load) ? 0 : load,
      share: load > 0 && typical > 0 ? load / typical : 0,
      expected: { q50: quantile(0.5), q90: quantile(0.9), q95: quantile(0.95) },
      threshold,
      confidence: this.#outcomes.atLeast(kind, peak, threshold),
      readyBy,
      kind,
    };
  }
}
