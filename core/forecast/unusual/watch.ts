import { HOUR, MINUTE, type Seconds } from '../../time.ts';
import type { Forecast, LoadPoint, RestorableForecaster, Unusual } from '../forecast.ts';
import { ForecasterStateError, StateReader, StateWriter } from '../state.ts';
import { type Expected, isStillBroken, judge, type Verdict } from './judge.ts';
import { Outlook } from './outlook.ts';
import { Past } from './past.ts';

export interface WatchOptions {
  readonly shard: string;
  /** Longest stretch of load that is withheld; what goes on longer is taken for true. 0 withholds nothing. */
  readonly withhold: Seconds;
  /** Seconds between load points. @default 60 */
  readonly step?: Seconds;
}

/** Rises with every change of what {@link WatchedForecaster.state} writes; no forecaster's own version is so high. */
const STATE_VERSION = 102;
/** What was withheld is made up for in this many times as long of load as it should be: flapping is believed, too. */
const REFILL = 4;
/** Load that stays as far off for so long is a new level; a new level is told of for so long. */
const LASTING: Seconds = HOUR;
/** So many times more or less than expected is still the same jump. */
const STILL = 1.5;
const KINDS = ['flat', 'zero', 'jump', 'shift'] as const;
/** As much as every forecaster takes: what is passed on late must not be refused then. */
const MOST_LOAD = 1e30;
const REFUSED = 'state of a watched forecaster';
const INNER = 'of the forecaster inside';

/**
 * Looks at each load before another forecaster gets it. What cannot be is withheld from it, as if it had not been
 * measured: nothing where there always was something, the same value again and again where none ever repeated, a jump
 * beyond all that was. What is only far off is passed on at once, and told of.
 *
 * Lifecycle of an occurrence: withheld → over (the load is as it was: what was withheld is dropped) or believed
 * (`withhold` has passed: what was withheld is passed on late, in order, and is told of as a shift).
 *
 * Invariants: a forecast depends on points observed so far only. Points reach the inner forecaster in order, each
 * unchanged and at most once. At most `withhold` is withheld in a row (at coarse steps: one point), and about a fifth of
 * the time in all.
 */
export class WatchedForecaster implements RestorableForecaster {
  private readonly inner: RestorableForecaster;
  private readonly options: WatchOptions;
  private readonly step: Seconds;
  private readonly past = new Past();
  private readonly outlook: Outlook;
  private newest: Seconds | undefined;
  private mark: Unusual | undefined;
  /** When a new level is no news any more. */
  private until: Seconds = 0;
  private held: LoadPoint[] = [];
  /** Seconds of load that were withheld and are not made up for. */
  private spent: Seconds = 0;

  constructor(inner: RestorableForecaster, options: WatchOptions) {
    this.inner = inner;
    this.options = options;
    this.step = options.step ?? MINUTE;
    this.outlook = new Outlook(this.step);
  }

  /** Time of the newest point, withheld or not. */
  get knownUntil(): Seconds | undefined {
    return this.newest;
  }

  get followedUntil(): Seconds | undefined {
    return this.newest ?? this.inner.followedUntil;
  }

  follow(until: Seconds): void {
    this.inner.follow(until);
  }

  forecast(now: Seconds, horizons: readonly Seconds[]): Forecast {
    const made = this.inner.forecast(now, horizons);
    return this.mark === undefined ? made : { ...made, unusual: this.mark };
  }

  observe(point: LoadPoint): void {
    const { time, load } = point;
    const { newest, step } = this;
    const { shard } = this.options;
    if (!(load >= 0 && load <= MOST_LOAD))
      throw new RangeError(
        `load of ${shard} at ${time}: expected a number from 0 to ${MOST_LOAD}, got ${load}`,
      );
    if (!Number.isFinite(time))
      throw new RangeError(`time of a load of ${shard}: expected epoch seconds, got ${time}`);
    if (newest !== undefined && time < newest + step / 2)
      throw new RangeError(
        `load of ${shard}: expected a point at ${newest + step / 2} or later, got ${time}`,
      );
    const judged = this.judged(point);
    const isBroken = judged?.verdict?.broken === true;
    if (judged !== undefined && isBroken && this.mayWithhold(time)) this.withhold(point, judged);
    else {
      if (this.held.length > 0) this.end(isBroken, time);
      this.pass(point);
      this.remark(point, judged);
    }
  }

  state(): Uint8Array {
    const { step, newest, mark, until, spent, held } = this;
    const out = new StateWriter();
    out.numbers(STATE_VERSION);
    out.section(this.inner.state());
    out.numbers(step, newest ?? Number.NaN, until, spent);
    this.past.save(out);
    this.outlook.save(out);
    out.numbers(mark === undefined ? -1 : KINDS.indexOf(mark.kind), mark?.withheld ? 1 : 0);
    out.numbers(mark?.since ?? 0, mark?.load ?? 0, mark?.median ?? 0, mark?.low ?? 0, mark?.high ?? 0);
    out.numbers(held.length, ...held.flatMap(({ time, load }) => [time, load]));
    return out.bytes();
  }

  restore(state: Uint8Array): void {
    const from = new StateReader(state);
    const [version] = from.numbers(1);
    if (version !== STATE_VERSION)
      throw new ForecasterStateError(`${REFUSED}: expected version ${STATE_VERSION}, got ${version}`);
    const inner = from.section(INNER);
    const [step, newest, until, spent] = from.numbers(4) as [number, number, number, number];
    if (step !== this.step)
      throw new ForecasterStateError(`${REFUSED}: expected step ${this.step}, got ${step}`);
    this.past.load(from);
    this.outlook.load(from);
    const [kind, withheld] = from.numbers(2) as [number, number];
    const [since, load, median, low, high] = from.numbers(5) as [number, number, number, number, number];
    const held = from.count('withheld points');
    this.held = Array.from({ length: held }, () => {
      const [at, value] = from.numbers(2) as [number, number];
      return { time: at, load: value };
    });
    from.end();
    this.inner.restore(inner);
    this.newest = Number.isNaN(newest) ? undefined : newest;
    this.until = until;
    this.spent = spent;
    const name = KINDS[kind];
    this.mark = name && { kind: name, since, load, median, low, high, withheld: withheld === 1 };
  }

  private judged({ time, load }: LoadPoint): Judged | undefined {
    if (this.newest === undefined || !this.past.isEnough) return undefined;
    const expected = this.outlook.at(time, this.newest, this.inner);
    const usual = this.past.with(load);
    const verdict = judge(load, expected, usual);
    const { mark } = this;
    const goesOn = mark?.withheld === true && isStillBroken(load, mark.load, expected, usual);
    return { expected, verdict: goesOn ? { kind: 'jump', broken: true } : verdict };
  }

  /** Time that is withheld by withholding this one: gaps in what is withheld count. */
  private costOf(time: Seconds): Seconds {
    return this.held.length > 0 ? time - this.newest! : this.step;
  }

  private mayWithhold(time: Seconds): boolean {
    const { withhold } = this.options;
    if (withhold === 0 || this.mark?.kind === 'shift') return false;
    return this.spent + this.costOf(time) <= Math.max(withhold, this.step);
  }

  private withhold(point: LoadPoint, { expected, verdict }: Judged): void {
    const { time, load } = point;
    const same = this.mark?.withheld === true ? this.mark : undefined;
    this.spent += this.costOf(time);
    this.held.push(point);
    this.past.repeat(load);
    this.newest = time;
    const { kind, since } = same ?? { kind: verdict!.kind, since: time };
    this.mark = { kind, since, load, ...expected, withheld: true };
  }

  /** What is withheld was broken, and is dropped; or it goes on, and is passed on late. */
  private end(isBelieved: boolean, now: Seconds): void {
    const { held } = this;
    this.held = [];
    this.outlook.forget();
    if (!isBelieved) {
      this.mark = undefined;
      return;
    }
    for (const point of held) this.pass(point);
    this.mark = { ...this.mark!, kind: 'shift', withheld: false };
    this.until = now + LASTING;
  }

  private pass(point: LoadPoint): void {
    this.inner.observe(point);
    this.past.take(point.time, point.load);
    this.newest = point.time;
  }

  /** What is told of a load that was passed on. */
  private remark({ time, load }: LoadPoint, judged: Judged | undefined): void {
    const { mark } = this;
    if (mark?.kind === 'shift') {
      this.mark = time < this.until ? { ...mark, load } : undefined;
    } else if (mark !== undefined) {
      const lasts = isStillOff(load, mark);
      this.mark = lasts ? { ...mark, load } : undefined;
      if (lasts && time - mark.since >= LASTING) this.shift(time);
    } else if (judged?.verdict !== undefined) {
      const { expected, verdict } = judged;
      this.mark = { kind: verdict.kind, since: time, load, ...expected, withheld: false };
      if (verdict.broken) this.shift(time);
    } else this.spent = Math.max(0, this.spent - this.step / REFILL);
  }

  private shift(now: Seconds): void {
    this.mark = { ...this.mark!, kind: 'shift' };
    this.until = now + LASTING;
  }
}

/**
 * The state of the forecaster inside, though this one's own may be of no use: it stands at its beginning in every version.
 * @throws {ForecasterStateError} when it is no such state
 */
export function stateInside(state: Uint8Array): Uint8Array {
  const from = new StateReader(state);
  from.numbers(1);
  return from.section(INNER);
}

interface Judged {
  readonly expected: Expected;
  readonly verdict: Verdict | undefined;
}

function isStillOff(load: number, { median, low, high }: Unusual): boolean {
  return (load > high && load > STILL * median) || (load < low && load < median / STILL);
}
