import { describe, expect, it } from 'vitest';
import { createForecaster, recreateForecaster } from '../../core/forecast/create.ts';
import { StateReader, StateWriter } from '../../core/forecast/state.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { GOOD } from '../settings/sample.ts';
import { feed, forecasterOf, iso, loads, on } from './events.ts';
import { STEP, T0 } from './series.ts';

/** What a forecast says of the event: its factor where it is strongest. */
type Told = Pick<ReturnType<typeof forecasterOf>, 'forecast'>;
const told = (forecaster: Told, now: Seconds, ahead: Seconds) =>
  forecaster.forecast(now, [ahead]).moved?.find(({ cause }) => cause === 'event sale')?.factor;

describe('a forecaster that is fed from history again', () => {
  const [first, second, next] = [3, 9, 14].map((day) => T0 + day * DAY);
  const values = loads(13, (time) => on(first!, 6, 4)(time) * on(second!, 6, 2)(time));
  const calendar = [first!, second!, next!].map((from) => ({ from, hours: 6 }));
  const known = () => {
    const forecaster = forecasterOf({ calendar });
    feed(forecaster, values);
    return forecaster;
  };
  const now = T0 + 13 * DAY - STEP;
  const ahead = next! + HOUR - now;

  it('knows what events did before that history, and counts those in it once', () => {
    const before = known();
    const factor = told(before, now, ahead);
    expect(factor).toBeGreaterThan(2);
    const again = forecasterOf({ calendar });
    again.remember(before.state());
    expect(again.knownUntil).toBeUndefined();
    feed(again, values, (6 * DAY) / STEP);
    expect(told(again, now, ahead)).toBe(factor);
    // Without what was learned: only the second occurrence, which was half as strong.
    const forgetful = forecasterOf({ calendar });
    feed(forgetful, values, (6 * DAY) / STEP);
    expect(told(forgetful, now, ahead)).toBeLessThan(0.9 * factor!);
  });

  it('learns of what was on when its state was put away, once', () => {
    const half = (second! + 3 * HOUR - T0) / STEP;
    const before = forecasterOf({ calendar });
    feed(before, values, 0, half);
    const again = forecasterOf({ calendar });
    again.remember(before.state());
    feed(again, values, (2 * DAY) / STEP);
    expect(told(again, now, ahead)! / told(known(), now, ahead)!).toBeCloseTo(1, 1);
  });

  it('knows what came in while closed, and counts it once', () => {
    const shut = [{ name: 'shut', from: T0 + 5 * DAY, hours: 24, factor: 0, repeat: 'weekly' }] as const;
    const closed = loads(11, on(T0 + 5 * DAY, 24, 0.1));
    const at = (forecaster: Told) =>
      forecaster.forecast(T0 + 11 * DAY - STEP, [DAY + 6 * HOUR]).horizons[0]!.quantiles;
    const before = forecasterOf({ calendar: shut });
    feed(before, closed);
    const again = forecasterOf({ calendar: shut });
    again.remember(before.state());
    feed(again, closed, (2 * DAY) / STEP);
    expect(at(again)).toEqual(at(before));
    expect(at(again)[4]).toBeGreaterThan(3);
  });

  it('goes on knowing it when it is put away itself', () => {
    const again = forecasterOf({ calendar });
    again.remember(known().state());
    const third = forecasterOf({ calendar });
    third.restore(again.state());
    feed(third, values, (6 * DAY) / STEP);
    expect(told(third, now, ahead)).toBe(told(known(), now, ahead));
  });

  it('takes nothing over from what is no such state, or damaged', () => {
    const forecaster = forecasterOf({ calendar });
    const state = known().state();
    const broken = state.slice();
    // The logs of the first effect, behind the lengths and the name.
    new DataView(broken.buffer).setFloat64(8 * 6 + 2 * ('event sale'.length + 1), Number.NaN, true);
    const cases: [Uint8Array, string][] = [
      [new Uint8Array(0), 'expected at least 16 bytes, got 0'],
      [state.subarray(0, 200), 'bytes, got 200'],
      [new Uint8Array(200), 'expected events (51742), got 0'],
      [broken, 'what an event did: expected finite numbers, got NaN'],
    ];
    for (const [bytes, message] of cases) expect(() => forecaster.remember(bytes)).toThrow(message);
    feed(forecaster, values, (10 * DAY) / STEP);
    expect(told(forecaster, now, ahead)).toBeUndefined();
  });
});

describe('a shard of which the state is of no use any more', () => {
  const start = T0 + 3 * DAY + 10 * HOUR;
  const sale = { name: 'sale', start: iso(start), end: iso(start + 4 * HOUR), repeat: 'yearly' } as const;
  const settings = parseSettings(`${GOOD}calendar: ${JSON.stringify([sale])}\n`, 'shop.yaml');
  const other = { ...settings, metrics: { ...settings.metrics, delay: settings.metrics.delay + MINUTE } };
  const load = (time: Seconds) => 100 + (((time - T0) / MINUTE) % 7);
  const old = createForecaster(settings, 'catalog');
  for (let time = T0; time < T0 + 4 * DAY; time += MINUTE)
    old.observe({ time, load: load(time) * on(start, 4, 3)(time) });
  const state = old.state();

  /** A version of the forecaster inside that is not known. */
  function foreign(bytes: Uint8Array): Uint8Array {
    const [from, out] = [new StateReader(bytes), new StateWriter()];
    out.numbers(...from.numbers(1));
    const events = new StateReader(from.section('of events'));
    const changed = new StateWriter();
    changed.numbers(events.numbers(1)[0]!, 99 + events.numbers(1)[0]!);
    changed.section(events.section('of what they did'));
    changed.numbers(1, 2, 3);
    out.section(changed.bytes());
    out.numbers(4, 5, 6);
    return out.bytes();
  }

  it.each([
    ['other leads', other, state],
    ['another version', settings, foreign(state)],
  ])('%s: last year’s event is remembered', (_, now, bytes) => {
    expect(() => createForecaster(now, 'catalog', bytes)).toThrow('expected');
    const year = 365 * DAY;
    const again = recreateForecaster(now, 'catalog', bytes);
    const fresh = createForecaster(now, 'catalog');
    for (const one of [again, fresh])
      for (let time = start + year - 26 * HOUR; time < start + year; time += MINUTE)
        one.observe({ time, load: load(time) });
    const at = start + year - MINUTE;
    expect(told(again, at, HOUR)).toBeGreaterThan(2.2);
    expect(told(again, at, HOUR)).toBeLessThan(3.2);
    expect(told(fresh, at, HOUR)).toBeUndefined();
  });
});
