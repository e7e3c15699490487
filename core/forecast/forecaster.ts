import type { Seconds } from '../time.ts';
import { DAY, MINUTE } from '../time.ts';
import { blend } from './distribution.ts';
import { type Forecast, type Horizon, type KeptForecaster, LEVELS, type LoadPoint } from './forecast.ts';
import { Profile } from './profile.ts';
import { ForecasterStateError, StateReader, StateWriter } from './state.ts';
import { type Now, Track } from './track.ts';

export interface ForecasterOptions {
  readonly shard: string;
  /** Distances, in seconds from the newest point to the target, at which errors are kept. Others are interpolated. */
  readonly leads: readonly Seconds[];
  /** Seconds between load points. @default 60 */
  readonly step?: Seconds;
}

/** A longer gap than this is not bridged point by point. */
const LONGEST_GAP_DAYS = 21;
/** Points between two looks at which expert carries the forecasts: words for people, who do not look every minute. */
const METHOD_EVERY = 60;
const LEVEL_MEMORY = 0.04;
/** Rises with every change of what {@link SeasonalForecaster.state} writes. */
const STATE_VERSION = 1;
/** Squares of squares of loads are summed; they must stay finite. */
const MOST_LOAD = 1e60;

/**
 * The plain forecaster: last value, seasonal naive and level-shifted seasons, mixed by their recent errors, with
 * quantiles from the mix's own past errors at that lead.
 *
 * Invariant: a forecast at `now` depends on points observed so far only. Gaps are bridged with the season, or with
 * the last value before there is one, and are never scored.
 */
export class SeasonalForecaster implements KeptForecaster {
  private readonly options: ForecasterOptions;
  private readonly step: Seconds;
  private readonly profile: Profile;
  private readonly tracks: readonly Track[];
  private first: Seconds | undefined;
  private index = -1;
  private level = 0;
  private method = '';
  private newest: Now | undefined;

  constructor(options: ForecasterOptions) {
    this.options = options;
    this.step = options.step ?? MINUTE;
    const leads = new Set(options.leads.map((lead) => Math.max(1, Math.round(lead / this.step))));
    if (leads.size === 0)
      throw new RangeError(`leads: expected at least one lead of ${options.shard}, got none`);
    this.tracks = [...leads].sort((a, b) => a - b).map((lead) => new Track(lead));
    this.profile = new Profile(this.step, this.tracks.at(-1)!.lead);
  }

  get knownUntil(): Seconds | undefined {
    return this.first === undefined ? undefined : this.first + this.index * this.step;
  }

  state(): Uint8Array {
    const out = new StateWriter();
    const leads = this.tracks.map(({ lead }) => lead);
    out.numbers(STATE_VERSION, this.step, leads.length, ...leads);
    out.numbers(this.first ?? Number.NaN, this.index, this.level, this.newest?.value ?? Number.NaN);
    out.text(this.method);
    this.profile.save(out);
    for (const track of this.tracks) track.save(out);
    return out.bytes();
  }

  /**
   * Takes up what {@link state} put away, instead of points observed so far.
   * @throws {ForecasterStateError} when it is of another version, step or leads, or damaged; it is of no use then.
   */
  restore(state: Uint8Array): void {
    const from = new StateReader(state);
    const { shard } = this.options;
    const expect = (what: string, expected: unknown, got: unknown) => {
      if (String(got) !== String(expected))
        throw new ForecasterStateError(`state of ${shard}: expected ${what} ${expected}, got ${got}`);
    };
    expect('version', STATE_VERSION, from.numbers(1)[0]);
    expect('step', this.step, from.numbers(1)[0]);
    expect('number of leads', this.tracks.length, from.numbers(1)[0]);
    expect(
      'leads',
      this.tracks.map(({ lead }) => lead),
      from.numbers(this.tracks.length),
    );
    const [first, index, level, value] = from.numbers(4) as [number, number, number, number];
    this.method = from.text();
    this.profile.load(from);
    for (const track of this.tracks) track.load(from);
    from.end();
    if (Number.isNaN(first)) return;
    this.first = first;
    this.index = index;
    this.level = level;
    this.newest = this.here(value);
  }

  observe({ time, load }: LoadPoint): void {
    const index = this.indexOf(time, load);
    this.first ??= time;
    while (this.index + 1 < index) {
      const season = this.profile.daily(this.index + 1);
      this.take(Number.isNaN(season) ? (this.newest?.value ?? load) : season);
    }
    this.take(load);
    for (const track of this.tracks) track.step(this.newest!);
    if (index % METHOD_EVERY === 0 || this.method === '') this.method = this.tracks[0]!.method(this.newest!);
  }

  forecast(now: Seconds, horizons: readonly Seconds[]): Forecast {
    const { shard } = this.options;
    if (this.newest === undefined || this.first === undefined) {
      const knownUntil = Number.NEGATIVE_INFINITY;
      const zero = LEVELS.map(() => 0);
      return {
        shard,
        at: now,
        knownUntil,
        horizons: horizons.map((ahead) => ({ ahead, quantiles: zero })),
        method: 'nothing measured yet',
      };
    }
    const knownUntil = this.first + this.index * this.step;
    const made: Horizon[] = horizons.map((ahead) => ({
      ahead,
      quantiles: this.quantilesAt((now + ahead - knownUntil) / this.step),
    }));
    return { shard, at: now, knownUntil, horizons: made, method: this.method };
  }

  /** Which point of the grid this is, counted from the first. @throws {RangeError} where it cannot be the next one. */
  private indexOf(time: Seconds, load: number): number {
    const { shard } = this.options;
    if (!(load >= 0 && load <= MOST_LOAD)) {
      throw new RangeError(
        `load of ${shard} at ${time}: expected a number from 0 to ${MOST_LOAD}, got ${load}`,
      );
    }
    if (!Number.isFinite(time)) {
      throw new RangeError(`time of a load of ${shard}: expected epoch seconds, got ${time}`);
    }
    if (this.first === undefined) return 0;
    const index = Math.round((time - this.first) / this.step);
    if (index <= this.index) {
      const next = this.first + (this.index + 0.5) * this.step;
      throw new RangeError(`load of ${shard}: expected a point at ${next} or later, got ${time}`);
    }
    const gap = ((index - this.index) * this.step) / DAY;
    if (gap > LONGEST_GAP_DAYS) {
      throw new RangeError(
        `load of ${shard}: expected a gap of at most ${LONGEST_GAP_DAYS} days before ${time}, got ${gap} days`,
      );
    }
    return index;
  }

  private take(value: number): void {
    this.index += 1;
    this.profile.push(value);
    this.level = this.index === 0 ? value : this.level + LEVEL_MEMORY * (value - this.level);
    this.newest = this.here(value);
  }

  private here(value: number): Now {
    const daily = this.profile.daily(this.index);
    const ratio = daily > 0 ? Math.min(3, Math.max(0.2, this.level / daily)) : 1;
    const weekly = this.profile.weekly(this.index);
    return { value, index: this.index, ratio, daily, weekly, profile: this.profile };
  }

  private quantilesAt(lead: number): readonly number[] {
    const above = this.tracks.findIndex((track) => track.lead >= lead);
    if (above === -1) return this.tracks.at(-1)!.quantiles();
    const upper = this.tracks[above]!;
    const lower = this.tracks[above - 1];
    if (upper.lead === lead || lower === undefined) return upper.quantiles();
    return blend(lower.quantiles(), upper.quantiles(), (lead - lower.lead) / (upper.lead - lower.lead));
  }
}
