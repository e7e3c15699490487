import type { Seconds } from '../../time.ts';
import type { Forecaster } from '../forecast.ts';
import type { StateReader, StateWriter } from '../state.ts';
import { type Expected, expectedAt } from './judge.ts';

/** Steps that one forecast is used for: to make one for every point would cost more than to plan by them. */
const STEPS = 5;

/** What is expected of the next points, from a forecast made shortly before them; straight lines between its two times. */
export class Outlook {
  private readonly step: Seconds;
  private from = Number.NaN;
  private to = Number.NaN;
  private first: Expected = NOTHING;
  private last: Expected = NOTHING;

  constructor(step: Seconds) {
    this.step = step;
  }

  /** @param newest time of the newest point, believed or not; before `time` */
  at(time: Seconds, newest: Seconds, forecaster: Forecaster): Expected {
    if (!(time <= this.to)) {
      const ahead = Math.max(this.step, time - newest);
      const made = forecaster.forecast(newest, [ahead, ahead + (STEPS - 1) * this.step]);
      this.from = newest + ahead;
      this.to = this.from + (STEPS - 1) * this.step;
      this.first = expectedAt(made, 0)!;
      this.last = expectedAt(made, 1)!;
    }
    const share = Math.min(1, Math.max(0, (time - this.from) / (this.to - this.from)));
    const between = (a: number, b: number) => a + (b - a) * share;
    const { first, last } = this;
    return {
      median: between(first.median, last.median),
      low: between(first.low, last.low),
      high: between(first.high, last.high),
    };
  }

  /** What was expected does not hold any more. */
  forget(): void {
    this.to = Number.NaN;
  }

  save(out: StateWriter): void {
    const { first, last } = this;
    out.numbers(this.from, this.to, first.median, first.low, first.high, last.median, last.low, last.high);
  }

  load(from: StateReader): void {
    const [begin, end, ...of] = from.numbers(8) as [number, number, ...number[]];
    this.from = begin;
    this.to = end;
    this.first = { median: of[0]!, low: of[1]!, high: of[2]! };
    this.last = { median: of[3]!, low: of[4]!, high: of[5]! };
  }
}

const NOTHING: Expected = { median: 0, low: 0, high: 0 };
