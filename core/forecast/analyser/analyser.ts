import { DAY, MINUTE, type Seconds, WEEK } from '../../time.ts';
import { blend } from '../distribution.ts';
import {
  type Forecast,
  type Indicators,
  type Influence,
  type KeptForecaster,
  LEVELS,
  type LoadPoint,
} from '../forecast.ts';
import { causeOf, LeadLag } from '../indicators/lead-lag.ts';
import { ForecasterStateError, StateReader, StateWriter } from '../state.ts';
import { Cycle } from './cycle.ts';
import { type Moment, type Origin, originAt, tempered } from './moment.ts';
import { Past } from './past.ts';
import { NO_SHIFT, Seasons } from './season.ts';
import { FAR, Track } from './track.ts';

export interface AnalyserOptions {
  readonly shard: string;
  /** Distances (s) from the newest point to the target at which forecasts learn. Those between are interpolated. */
  readonly leads: readonly Seconds[];
  /** Seconds between load points, 60 to 3600. @default 60 */
  readonly step?: Seconds;
  /** What may lead the load. @default nothing */
  readonly indicators?: Indicators;
  /** Seconds east of UTC at a time: days and weeks are those of local time. @default 0 */
  readonly offset?: (time: Seconds) => Seconds;
  /** Name of the one expert or sample that is heard, to compare. @default all */
  readonly only?: string;
}

/** A longer gap is bridged as if it were so much shorter by whole weeks. */
const LONGEST_GAP: Seconds = 28 * DAY;
/** Points between two looks at what carries the forecasts: words for people, who do not look every minute. */
const METHOD_EVERY = 60;
/** Of the long-run level, per point. */
const LEVEL_MEMORY = 0.01;
/** Changes of less are not told. */
const TOLD = 0.01;
const ORIGINS = 192;
/** Rises with every change of what {@link Analyser.state} writes. */
const STATE_VERSION = 6;
/** Loads are kept in half width. */
const MOST_LOAD = 1e30;

/**
 * The load analyser of one shard. For each lead, cheap experts (last value, means, seasons, a linear model with leading
 * indicators) are mixed by how far each was off lately; the quantiles are, at each level, a blend of that mix with its
 * own past errors and of past loads and moves, by the loss of each at that level. Everything is updated point by point.
 *
 * Invariants: a forecast depends on points and indicators up to its newest point only. Gaps are bridged with the
 * season, or the last value before there is one, and are never learned from. A state that was put away goes on exactly.
 */
export class Analyser implements KeptForecaster {
  readonly #options: AnalyserOptions;
  readonly #step: Seconds;
  readonly #past: Past;
  readonly #seasons: Seasons;
  readonly #cycle: Cycle;
  readonly #tracks: readonly Track[];
  #leadLag: LeadLag | undefined;
  #first: Seconds | undefined;
  #level = 0;
  #method = '';
  /** The newest ones, so that near leads need not look them up again. */
  readonly #origins: (Origin | undefined)[] = new Array<Origin | undefined>(ORIGINS).fill(undefined);

  /** @throws {RangeError} without a lead, or with a step out of bounds */
  constructor(options: AnalyserOptions) {
    this.#options = options;
    const { shard, step = MINUTE, offset } = options;
    this.#step = step;
    if (!(step >= 1 && step <= DAY))
      throw new RangeError(`step of ${shard}: expected 1 to ${DAY} s, got ${step}`);
    const leads = new Set(options.leads.map((lead) => Math.max(1, Math.round(lead / step))));
    if (leads.size === 0) throw new RangeError(`leads: expected at least one lead of ${shard}, got none`);
    this.#tracks = [...leads].sort((a, b) => a - b).map((lead) => new Track(lead, step, options.only));
    this.#past = new Past(step);
    const shift = (index: number, earlier: number) =>
      Math.round((offset!(this.#timeOf(index)) - offset!(this.#timeOf(earlier))) / step);
    this.#seasons = new Seasons(this.#past, this.#tracks.at(-1)!.lead, offset ? shift : NO_SHIFT);
    this.#cycle = new Cycle(this.#past, this.#seasons);
    this.#leadLag = this.#newLeadLag();
  }

  get knownUntil(): Seconds | undefined {
    return this.#first === undefined ? undefined : this.#timeOf(this.#past.newest);
  }

  get followedUntil(): Seconds | undefined {
    return this.knownUntil ?? this.#leadLag?.newest;
  }

  follow(until: Seconds): void {
    if (this.#first === undefined) this.#leadLag?.follow(until);
  }

  /** @throws {RangeError} on time going back, or a load that is negative, not finite or above 1e30 */
  observe({ time, load }: LoadPoint): void {
    const index = this.#indexOf(time, load);
    // A history that was found after all, and begins before what was followed.
    if (this.#first === undefined && this.#leadLag?.isPast(time) === true) this.#leadLag = this.#newLeadLag();
    this.#first ??= time;
    const long = index - this.#past.newest > this.#past.day;
    while (this.#past.newest + 1 < index) this.#take(this.#bridge(long));
    this.#take(load);
    this.#cycle.look();
    this.#leadLag?.observe(this.#timeOf(index), load);
    // Looked up when it is asked for: most points are not forecast from.
    this.#origins[index % ORIGINS] = undefined;
    for (const track of this.#tracks) {
      if (track.awaits(index)) {
        track.learn(this.#moment(this.#originAt(index - track.lead), track.lead), load);
      }
      if (track.keeps(index + track.lead)) track.keep(this.#moment(this.#originAt(index), track.lead));
    }
    if (index % METHOD_EVERY === 0 || this.#method === '')
      this.#method = this.#cycle.told(
        this.#tracks[0]!.method(this.#moment(this.#originAt(index), this.#tracks[0]!.lead)),
      );
  }

  forecast(now: Seconds, horizons: readonly Seconds[]): Forecast {
    const { shard } = this.#options;
    if (this.#first === undefined) {
      const zero = LEVELS.map(() => 0);
      return {
        shard,
        at: now,
        knownUntil: Number.NEGATIVE_INFINITY,
        horizons: horizons.map((ahead) => ({ ahead, quantiles: zero })),
        method: 'nothing measured yet',
      };
    }
    const knownUntil = this.#timeOf(this.#past.newest);
    const known = new Map<Track, number[]>();
    const made = horizons.map((ahead) => ({
      ahead,
      quantiles: this.#quantilesAt((now + ahead - knownUntil) / this.#step, known),
    }));
    const moved = this.#moved(now, knownUntil);
    return { shard, at: now, knownUntil, horizons: made, method: this.#method, ...(moved && { moved }) };
  }

  state(): Uint8Array {
    const out = new StateWriter();
    const leads = this.#tracks.map(({ lead }) => lead);
    out.numbers(STATE_VERSION, this.#step, leads.length, ...leads);
    out.numbers(this.#first ?? Number.NaN, this.#level);
    out.text(this.#method);
    this.#past.save(out);
    this.#cycle.save(out);
    for (const track of this.#tracks) track.save(out);
    out.numbers(this.#leadLag ? 1 : 0);
    this.#leadLag?.save(out);
    return out.bytes();
  }

  /**
   * Takes up what {@link state} put away, instead of points observed so far.
   * @throws {ForecasterStateError} when it is of another version, step or leads, or damaged; it is of no use then.
   */
  restore(state: Uint8Array): void {
    const from = new StateReader(state);
    const expect = (what: string, expected: unknown, got: unknown) => {
      if (String(got) !== String(expected))
        throw new ForecasterStateError(
          `state of ${this.#options.shard}: expected ${what} ${expected}, got ${got}`,
        );
    };
    expect('version', STATE_VERSION, from.numbers(1)[0]);
    expect('step', this.#step, from.numbers(1)[0]);
    expect('number of leads', this.#tracks.length, from.numbers(1)[0]);
    const leads = this.#tracks.map(({ lead }) => lead);
    expect('leads', leads, from.numbers(leads.length));
    const [first, level] = from.numbers(2) as [number, number];
    this.#method = from.text();
    this.#past.load(from);
    this.#cycle.load(from);
    for (const track of this.#tracks) track.load(from);
    expect('leading indicators', this.#leadLag ? 1 : 0, from.numbers(1)[0]);
    this.#leadLag?.load(from);
    from.end();
    this.#origins.fill(undefined);
    this.#seasons.forget();
    this.#first = Number.isNaN(first) ? undefined : first;
    this.#level = level;
  }

  #newLeadLag(): LeadLag | undefined {
    const { indicators } = this.#options;
    const reach = this.#tracks.at(-1)!.lead * this.#step;
    return indicators && new LeadLag({ step: this.#step, indicators, reach });
  }

  /** As it was, or the same looked up again. */
  #originAt(index: number): Origin {
    const known = this.#origins[index % ORIGINS];
    if (known?.index === index) return known;
    const origin = originAt(this.#past, this.#seasons, index);
    if (index > this.#past.newest - ORIGINS) this.#origins[index % ORIGINS] = origin;
    return origin;
  }

  #timeOf(index: number): Seconds {
    return this.#first! + index * this.#step;
  }

  /** Which point of the grid this is, counted from the first. @throws {RangeError} where it cannot be the next one. */
  #indexOf(time: Seconds, load: number): number {
    const { shard } = this.#options;
    if (!(load >= 0 && load <= MOST_LOAD)) {
      throw new RangeError(
        `load of ${shard} at ${time}: expected a number from 0 to ${MOST_LOAD}, got ${load}`,
      );
    }
    if (!Number.isFinite(time))
      throw new RangeError(`time of a load of ${shard}: expected epoch seconds, got ${time}`);
    if (this.#first === undefined) return 0;
    const newest = this.#past.newest;
    const beyond = time - this.#timeOf(newest) - LONGEST_GAP;
    if (beyond > 0) this.#first += Math.ceil(beyond / WEEK) * WEEK;
    const index = Math.round((time - this.#first) / this.#step);
    if (index > newest) return index;
    throw new RangeError(
      `load of ${shard}: expected a point at ${this.#timeOf(newest + 0.5)} or later, got ${time}`,
    );
  }

  /** What stands for a point that is missing. @param long of a gap of days: the days of the week are kept */
  #bridge(long: boolean): number {
    const { newest } = this.#past;
    const { day, week } = this.#seasons.at(newest + 1, newest);
    if (long && !Number.isNaN(week)) return week;
    return Number.isNaN(day) ? this.#past.at(newest, newest) : day;
  }

  #take(load: number): void {
    this.#past.push(load);
    const weight = Math.max(LEVEL_MEMORY, 1 / (this.#past.newest + 1));
    this.#level += weight * (load - this.#level);
  }

  #moment(newest: Origin, lead: number): Moment {
    const target = newest.index + lead;
    const seen = this.#sameClock(newest, target);
    const origin = lead * this.#step >= FAR ? tempered(seen) : seen;
    return {
      past: this.#past,
      seasons: this.#seasons,
      cycle: this.#cycle,
      origin,
      target,
      lead: target - origin.index,
      season: this.#seasons.at(target, origin.index),
      level: this.#level,
      leading: this.#leadLag?.features(this.#timeOf(origin.index), lead * this.#step) ?? [],
      othersRise: this.#othersRise(origin.index, target - origin.index),
    };
  }

  /** Of a shard that knows no week of its own yet. */
  #othersRise(origin: number, lead: number): number {
    if (this.#leadLag === undefined || origin >= this.#past.week) return Number.NaN;
    const known = Math.min(this.#past.day, origin + 1) * this.#step;
    return this.#leadLag.othersRise(this.#timeOf(origin), lead * this.#step, known);
  }

  /**
   * Whole days ahead, the newest load is one of the same time of day, and so good a guess that it must not be an hour off:
   * where clocks change in between, the newest at which they showed the same stands for it.
   */
  #sameClock(newest: Origin, target: number): Origin {
    const { day } = this.#past;
    if ((target - newest.index) % day !== 0) return newest;
    const same = this.#seasons.earlier(target, newest.index, day, 0);
    return same === newest.index || same < 0 ? newest : this.#originAt(same);
  }

  #quantilesAt(lead: number, known: Map<Track, number[]>): readonly number[] {
    const of = (track: Track) => {
      const made =
        known.get(track) ?? track.quantiles(this.#moment(this.#originAt(this.#past.newest), track.lead));
      known.set(track, made);
      return made;
    };
    const above = this.#tracks.findIndex((track) => track.lead >= lead);
    // Beyond the farthest lead: as that one weighs things, but of the right time of day.
    if (above === -1)
      return this.#tracks
        .at(-1)!
        .quantiles(this.#moment(this.#originAt(this.#past.newest), Math.round(lead)));
    const upper = this.#tracks[above]!;
    const lower = this.#tracks[above - 1];
    if (upper.lead === lead || lower === undefined) return of(upper);
    return blend(of(lower), of(upper), (lead - lower.lead) / (upper.lead - lower.lead));
  }

  /** What leading indicators do, at the lead where it is most. */
  #moved(now: Seconds, knownUntil: Seconds): readonly Influence[] | undefined {
    const chosen = this.#leadLag?.chosen ?? [];
    if (chosen.length === 0) return undefined;
    const seen = this.#tracks.map(({ lead }, i) => {
      const factor = this.#tracks[i]!.led(this.#moment(this.#originAt(this.#past.newest), lead));
      return { factor, ahead: Math.max(0, knownUntil + lead * this.#step - now) };
    });
    const strongest = seen.reduce((a, b) => (Math.abs(b.factor - 1) > Math.abs(a.factor - 1) ? b : a));
    if (Math.abs(strongest.factor - 1) < TOLD) return undefined;
    return [{ cause: causeOf(chosen), ...strongest }];
  }
}
