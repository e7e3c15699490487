import { describe, expect, it } from 'vitest';
import { capacities } from '../../backtest/model/model.ts';
import { clairvoyantFront } from '../../backtest/policies/clairvoyant.ts';
import { judgedLoad } from '../../bench/capacity/floor.ts';
import { forecastSight, perfectSight, play } from '../../bench/capacity/play.ts';
import { configOf } from '../../bench/capacity/tasks.ts';
import { waves } from './helpers.ts';

const trace = waves(2, 900, 500);

describe('perfect forecasts', () => {
  it('are the truth at every horizon, and the last value behind the end', () => {
    const sight = perfectSight(trace);
    for (let t = 0; t < 900; t++) {
      const ahead = sight(t, t >= 500);
      if (t < 500) continue;
      const at = (minutes: number) => trace.load[1]![Math.min(899, t + minutes)]!;
      expect(ahead[1]!.ticks.map((tick) => tick.median)).toEqual(Array.from({ length: 12 }, (_, h) => at(h)));
      expect(ahead[1]!.coarse.map(({ minutes }) => minutes)).toEqual([20, 40, 80, 150]);
      for (const { minutes, load } of ahead[1]!.coarse) {
        expect([load.at(0.01), load.at(0.999)]).toEqual([at(minutes), at(minutes)]);
      }
    }
  });

  it('do not beat the clairvoyant', () => {
    const plays = [2, 5, 20].map((worth) => ({ config: configOf(10), worth }));
    for (const { hours, unmet } of play(trace, perfectSight(trace), plays)) {
      expect(hours).toBeGreaterThan(clairvoyantFront(trace, configOf(10), [unmet])[0]!.hours);
    }
  });
});

describe('forecasts', () => {
  it('know the load up to one minute ago less the delay', () => {
    for (const delay of [0, 1]) {
      const garbled = { ...trace, load: trace.load.map((values) => values.slice().fill(1e6, 700)) };
      const quantiles = (of: typeof trace, at: number) => {
        const sight = forecastSight(of, delay);
        for (let t = 0; ; t++) {
          const ahead = sight(t, t >= 500);
          if (t === at) return ahead.map(({ ticks }) => ticks.map((tick) => [...tick.quantiles]));
        }
      };
      // Minute 700 is first known at 701 + delay.
      expect(quantiles(garbled, 700 + delay)).toEqual(quantiles(trace, 700 + delay));
      expect(quantiles(garbled, 701 + delay)).not.toEqual(quantiles(trace, 701 + delay));
    }
  });

  it('are worth less when they are late', () => {
    const [config, worth] = [configOf(10), 10];
    const mean = capacities(trace, config).reduce((sum, one, _, { length }) => sum + one / length, 0);
    const [soon, late] = [0, 1].map((delay) => {
      const [{ hours, unmet } = { hours: 0, unmet: 0 }] = play(trace, forecastSight(trace, delay), [
        { config, worth },
      ]);
      return hours + (worth * unmet * judgedLoad(trace)) / mean / 60;
    });
    expect(late).toBeGreaterThan(soon!);
  });

  it('serve settings in lockstep as they serve each alone, and are the same when asked again', () => {
    const plays = [configOf(10), configOf(20)].map((config) => ({ config, worth: 5 }));
    const together = play(trace, forecastSight(trace, 0), plays);
    const again = forecastSight(trace, 0);
    expect(plays.flatMap((each) => play(trace, again, [each]))).toEqual(together);
  });
});
