import { HOUR, type Seconds } from '../../time.ts';
import {
  type Forecast,
  type Horizon,
  LEVELS,
  type LoadPoint,
  MEDIAN,
  type RestorableForecaster,
} from '../forecast.ts';
import { ForecasterStateError, StateReader, StateWriter } from '../state.ts';
import { PARTS } from './effect.ts';
import type { ShardCalendar, ShardEvent } from './events.ts';
import { Influences } from './influences.ts';
import { Learned } from './learned.ts';
import { lifted } from './lifted.ts';
import { keyOf, type On, onAt } from './on.ts';
import { type Next, partAt, Running } from './running.ts';
import { Usual } from './usual.ts';
import { widened } from './widen.ts';

/** Begins a state, so that one of another forecaster is told apart; the version rises with every change of it. */
const [MAGIC, STATE_VERSION] = [0xca1e, 2];
const LEARNED = 'of what events did';
/** Of less than this share of the usual load nothing can be told about the usual load. */
const LEAST_FACTOR = 0.05;
/** Forecasts reach only so far beyond the newest point that was fed. */
const LONGEST_WITHHELD: Seconds = HOUR;
/** How far (standard deviation of the log) the rest of an event may be off from what it does now. */
const COURSE_DOUBT = 0.2;
/** Logs of smaller factors say nothing yet. */
const MOVES = 0.05;
/** Larger loads are not divided: forecasters have a bound of their own, and say so. */
const MOST_LOAD = 1e28;

const NOTHING: ReadonlySet<string> = new Set();

/**
 * A forecaster that knows of events and public holidays, around one that does not: the inner one is fed what the load
 * would have been without them, so that no season learns an event, and its forecasts are multiplied by what is on then.
 * Factors are learned from earlier occurrences, and during one from itself.
 *
 * Invariants: with nothing on, points and forecasts pass as they are. A forecast depends on points up to then only.
 * While a shard is closed (factor 0) its points are withheld.
 */
export class EventForecaster implements RestorableForecaster {
  readonly #inner: RestorableForecaster;
  readonly #shard: string;
  readonly #events: readonly ShardEvent[];
  readonly #usual: Usual;
  #learned = new Learned();
  /** What is on, by cause and start; `undefined` for one that began before it was in the calendar: its load is fed already. */
  readonly #running = new Map<string, { readonly on: On; readonly running: Running | undefined }>();
  /** Time of the newest point, and whether it was withheld. */
  #newest: Seconds | undefined;
  #withheld = false;

  constructor(inner: RestorableForecaster, shard: string, { offset, events }: ShardCalendar) {
    this.#inner = inner;
    this.#shard = shard;
    this.#events = events;
    this.#usual = new Usual(offset);
  }

  get knownUntil(): Seconds | undefined {
    return this.#withheld ? this.#newest : this.#inner.knownUntil;
  }

  get followedUntil(): Seconds | undefined {
    return this.knownUntil ?? this.#inner.followedUntil;
  }

  follow(until: Seconds): void {
    this.#inner.follow(until);
  }

  observe(point: LoadPoint): void {
    const { time, load } = point;
    const on = onAt(this.#events, time);
    if (on.length === 0) {
      this.#inner.observe(point);
      this.#end(NOTHING);
      this.#usual.observe(time, load);
      this.#withheld = false;
    } else {
      this.#check(point);
      const closed = on.some(({ event }) => event.factor === 0);
      this.#withheld = !(closed ? this.#closed(point, on) : this.#during(point, on));
    }
    this.#newest = time;
    this.#learned.upTo(time);
  }

  forecast(now: Seconds, horizons: readonly Seconds[]): Forecast {
    const made = this.#inner.forecast(now, horizons);
    const knownUntil = this.knownUntil ?? made.knownUntil;
    if (this.#events.length === 0) return { ...made, knownUntil };
    const influences = new Influences(made.moved);
    const moved = made.horizons.map((horizon) => this.#moved(horizon, now + horizon.ahead, influences));
    const causes = influences.list();
    return { ...made, knownUntil, horizons: moved, ...(causes.length > 0 && { moved: causes }) };
  }

  /** Whether an event is on at a time to come of which it is known by now that it moves the load. */
  foresees(time: Seconds): boolean {
    return onAt(this.#events, time).some(
      (one) => one.event.factor === 0 || Math.abs(this.#thought(one, time).log) >= MOVES,
    );
  }

  /** The forecaster inside sees another load, and some not at all: what it would refuse is refused here. */
  #check({ time, load }: LoadPoint): void {
    if (!(load >= 0 && Number.isFinite(load)))
      throw new RangeError(`load of ${this.#shard} at ${time}: expected a number from 0, got ${load}`);
    if (this.#newest !== undefined && time <= this.#newest)
      throw new RangeError(`load of ${this.#shard}: expected a point after ${this.#newest}, got ${time}`);
  }

  /** Whether anything was fed. */
  #closed({ time, load }: LoadPoint, on: readonly On[]): boolean {
    const fed = this.#withhold(time);
    this.#end(new Set(on.map(keyOf)));
    for (const { event, cause } of on) if (event.factor === 0) this.#learned.observeClosed(cause, time, load);
    return fed;
  }

  /** Whether anything was fed. */
  #during({ time, load }: LoadPoint, on: readonly On[]): boolean {
    this.#end(new Set(on.map(keyOf)));
    const all = on.map((one) => this.#running.get(keyOf(one)) ?? { on: one, running: this.#begin(one) });
    const running = all.flatMap((one) => one.running ?? []);
    const [learner, next] = this.#learner(time, load, running);
    const log = running.reduce(
      (sum, one) => sum + one.logAt(time, one === learner ? next?.differs : undefined),
      0,
    );
    let fed = true;
    if (log < Math.log(LEAST_FACTOR)) fed = this.#withhold(time);
    else this.#inner.observe({ time, load: load > MOST_LOAD ? load : load / Math.exp(log) });
    for (const one of all) this.#running.set(keyOf(one.on), one);
    if (learner !== undefined && next !== undefined) learner.take(time, next);
    return fed;
  }

  /** Of several at a time, only the one of which least is known learns from a load: it cannot be divided among them. */
  #learner(time: Seconds, load: number, all: readonly Running[]): [Running?, Next?] {
    const [first, ...others] = [...all].sort((a, b) => b.belief.variance - a.belief.variance);
    if (first === undefined) return [];
    const without = this.#usual.at(time) * Math.exp(others.reduce((sum, one) => sum + one.logAt(time), 0));
    return [first, first.next(time, load, without, this.#usual)];
  }

  #begin({ event, cause, occurrence: { start, end } }: On): Running | undefined {
    if (this.#newest !== undefined && this.#newest >= start) return undefined;
    return new Running(start, end, this.#learned.effect(cause, event).belief);
  }

  /** What is over has shown what it does. */
  #end(on: ReadonlySet<string>): void {
    for (const [key, { on: one, running }] of this.#running) {
      if (on.has(key)) continue;
      this.#running.delete(key);
      const shown = running?.shown(this.#usual);
      if (shown !== undefined) this.#learned.learn(one.cause, one.event, one.occurrence, shown);
    }
  }

  /** Nothing is fed; but every hour what is usual, so that what comes after can be forecast from near by. */
  #withhold(time: Seconds): boolean {
    const { knownUntil } = this.#inner;
    if (knownUntil === undefined || time - knownUntil < LONGEST_WITHHELD) return false;
    const usual = this.#usual.at(time);
    const load = Number.isNaN(usual)
      ? this.#inner.forecast(time, [0]).horizons[0]!.quantiles[MEDIAN]!
      : usual;
    this.#inner.observe({ time, load });
    return true;
  }

  #moved(horizon: Horizon, target: Seconds, influences: Influences): Horizon {
    const { ahead } = horizon;
    let { quantiles } = horizon;
    let [factor, variance] = [1, 0];
    for (const one of onAt(this.#events, target)) {
      if (one.event.factor === 0) {
        const closed = this.#learned.closed(one.cause);
        influences.note(one.cause, quantiles[MEDIAN]!, closed[MEDIAN]!, ahead);
        return { ahead, quantiles: closed };
      }
      const { log, doubt } = this.#thought(one, target);
      influences.times(one.cause, Math.exp(log), ahead);
      factor *= Math.exp(log);
      variance += doubt ** 2;
    }
    if (factor !== 1) quantiles = LEVELS.map((_, i) => quantiles[i]! * factor);
    quantiles = widened(quantiles, Math.sqrt(variance));
    return { ahead, quantiles: lifted(quantiles, this.#events, target, ahead, influences) };
  }

  /** Log of the factor of an event at a time to come, and how far it may be off. */
  #thought(one: On, target: Seconds): { readonly log: number; readonly doubt: number } {
    const { event, cause, occurrence } = one;
    const known = this.#running.get(keyOf(one));
    if (known !== undefined) {
      const { running } = known;
      if (running === undefined) return { log: 0, doubt: 0 };
      return { log: running.logAt(target), doubt: event.often ? 0 : this.#courseDoubt(running, target) };
    }
    if (this.#newest !== undefined && this.#newest >= occurrence.start) return { log: 0, doubt: 0 };
    const { belief, doubt } = this.#learned.effect(cause, event);
    return { log: belief.parts[partAt(target, occurrence)]!, doubt };
  }

  /** What it does now is in the newest loads; what it will do later is less sure, from a twelfth of its course on. */
  #courseDoubt({ start, end, belief }: Running, target: Seconds): number {
    const ahead = Math.max(0, target - (this.#newest ?? start));
    const share = Math.min(1, (PARTS * ahead) / (end - start));
    return share * Math.min(COURSE_DOUBT, Math.sqrt(belief.variance));
  }

  state(): Uint8Array {
    const out = new StateWriter();
    out.numbers(MAGIC, STATE_VERSION);
    out.section(this.#learned.state());
    out.numbers(this.#newest ?? Number.NaN, this.#withheld ? 1 : 0);
    const often = this.#events.flatMap(({ fedAs }) => fedAs ?? []);
    out.numbers(often.length);
    for (const one of often) out.text(one);
    this.#usual.save(out);
    out.numbers(this.#running.size);
    for (const { on, running } of this.#running.values()) {
      out.text(on.cause);
      out.numbers(on.occurrence.start, running === undefined ? 0 : 1);
      running?.save(out);
    }
    out.section(this.#inner.state());
    return out.bytes();
  }

  /**
   * Takes up what {@link state} put away, instead of points observed so far.
   * @throws {ForecasterStateError} when it is of another forecaster or version, or damaged, or when an event that comes
   *   daily or weekly has changed since: the past was fed by another factor then.
   */
  restore(state: Uint8Array): void {
    const from = new StateReader(state);
    const [magic, version] = from.numbers(2) as [number, number];
    if (magic !== MAGIC || version !== STATE_VERSION)
      throw new ForecasterStateError(
        `state of ${this.#shard}: expected version ${STATE_VERSION} of events, got ${version} of ${magic}`,
      );
    this.#learned = Learned.from(from.section(LEARNED));
    const [newest, withheld] = from.numbers(2) as [number, number];
    this.#newest = Number.isNaN(newest) ? undefined : newest;
    this.#withheld = withheld === 1;
    this.#sameEvents(Array.from({ length: from.count('events') }, () => from.text()));
    this.#usual.load(from);
    this.#running.clear();
    for (let n = from.count('events that are on'); n > 0; n--) {
      const cause = from.text();
      const [start, fed] = from.numbers(2) as [number, number];
      const running = fed === 1 ? Running.load(from) : undefined;
      const on = onAt(this.#events, start).find(
        (one) => one.cause === cause && one.occurrence.start === start,
      );
      if (on !== undefined) this.#running.set(keyOf(on), { on, running });
    }
    const inner = from.section('of the forecaster inside');
    from.end();
    this.#inner.restore(inner);
  }

  /**
   * Takes over what another of this shard has learned of events, though its {@link state} may be of no use otherwise:
   * this part stands at its beginning in every version. What is fed again counts no second time.
   * @throws {ForecasterStateError} when that part cannot be read; nothing is taken over then
   */
  remember(state: Uint8Array): void {
    const from = new StateReader(state);
    const [magic] = from.numbers(2) as [number, number];
    if (magic !== MAGIC)
      throw new ForecasterStateError(`state of ${this.#shard}: expected events (${MAGIC}), got ${magic}`);
    this.#learned = Learned.from(from.section(LEARNED));
  }

  #sameEvents(before: readonly string[]): void {
    const known = this.#newest ?? Number.NEGATIVE_INFINITY;
    const now = this.#events.filter(({ fedAs }) => fedAs !== undefined);
    const gone = before.filter((one) => !now.some(({ fedAs }) => fedAs === one));
    const come = now.filter(({ fedAs, first = known }) => !before.includes(fedAs!) && first < known);
    const changed = gone[0] ?? come[0]?.fedAs;
    if (changed !== undefined)
      throw new ForecasterStateError(
        `state of ${this.#shard}: expected events that come as often as before, got a change of ${changed}`,
      );
  }
}
