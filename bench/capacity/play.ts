import type { ModelConfig, ModelTrace, Outcome } from '../../backtest/model/model.ts';
import { Ours } from '../../backtest/policies/ours.ts';
import { LOOK_AHEAD_TICKS } from '../../core/capacity/horizons.ts';
import { type LookAhead, lookAhead } from '../../core/capacity/look-ahead.ts';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import { Distribution } from '../../core/forecast/distribution.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import { MINUTE } from '../../core/time.ts';

/** What is known of each shard's load to come at minute t; asked for t = 0, 1, 2, … and used from the history's end. */
export type Sight = (t: number, needed: boolean) => readonly LookAhead[];

/** Minutes ahead that are forecast: the planner's horizons for the model's lead times. */
const AHEAD = [0, 1, 2, 4, 5, 7, 11, 20, 40, 80, 150];
const COARSE = AHEAD.filter((minutes) => minutes > LOOK_AHEAD_TICKS);
const FARTHEST = AHEAD.at(-1)!;
const HORIZONS = AHEAD.map((minutes) => minutes * MINUTE);

/** One setting of ours to play. */
export interface Play {
  readonly config: ModelConfig;
  readonly worth: number;
}

/**
 * Plays settings of ours through a trace in lockstep: forecasts cost more than decisions, and all settings share them.
 * @param report gets the share of the trace that is done, about once a day of it
 */
export function play(
  trace: ModelTrace,
  sight: Sight,
  plays: readonly Play[],
  report: (share: number) => void = () => undefined,
): Outcome[] {
  const ours = plays.map(({ config, worth }) => new Ours(trace, config, worth));
  const end = trace.load[0]!.length;
  for (let t = 0; t < end; t++) {
    const ahead = sight(t, t >= trace.history);
    const load = (shard: number) => trace.load[shard]![t]!;
    if (t >= trace.history) for (const one of ours) one.step(ahead, load);
    if (t % 1440 === 0) report(t / end);
  }
  return ours.map((one) => one.outcome());
}

/** Forecasts of more than this are made anew each time, not kept (bytes). */
const MOST_KEPT = 2 ** 30;

/**
 * What the forecaster says, fed with the load up to t − 1 − delay. When it is asked from 0 on once more, it says the same
 * again: forecasts are kept, because making them costs most of a pass.
 * @param delay steps
 */
export function forecastSight(trace: ModelTrace, delay: number): Sight {
  const shards = trace.shards.length;
  const each = AHEAD.length * LEVELS.length;
  const values = (trace.load[0]!.length - trace.history) * shards * each;
  const kept = 4 * values <= MOST_KEPT ? new Float32Array(values) : undefined;
  const time = (t: number) => trace.start + t * MINUTE;
  let forecasters: readonly Analyser[] = [];
  let newest = -1;
  const make = (t: number, needed: boolean): readonly Forecast[] => {
    if (t === 0) forecasters = trace.shards.map((shard) => analyser(shard, delay));
    newest = t;
    const known = t - 1 - delay;
    if (known >= 0) {
      for (const [s, one] of forecasters.entries())
        one.observe({ time: time(known), load: trace.load[s]![known]! });
    }
    return needed ? forecasters.map((one) => one.forecast(time(t), HORIZONS)) : [];
  };
  return (t, needed) => {
    if (kept === undefined) return make(t, needed).map((forecast) => lookAhead(forecast));
    if (t > newest) {
      for (const [s, { horizons }] of make(t, needed).entries())
        for (const [h, { quantiles }] of horizons.entries())
          kept.set(quantiles, ((t - trace.history) * shards + s) * each + h * LEVELS.length);
    }
    if (!needed) return [];
    return trace.shards.map((shard, s) => {
      const from = ((t - trace.history) * shards + s) * each;
      const horizons = HORIZONS.map((ahead, h) => {
        const at = from + h * LEVELS.length;
        return { ahead, quantiles: kept.subarray(at, at + LEVELS.length) };
      });
      return lookAhead({ shard, at: time(t), knownUntil: time(t - 1 - delay), horizons, method: '' });
    });
  };
}

const analyser = (shard: string, delay: number) =>
  new Analyser({ shard, leads: AHEAD.map((ahead) => (ahead + 1 + delay) * MINUTE) });

/** The truth: every quantile is what will come. Behind the trace's end its last value holds. */
export function perfectSight(trace: ModelTrace): Sight {
  const windows = trace.load.map(() => [] as Distribution[]);
  const quantiles = new Float64Array(LEVELS.length);
  return (t, needed) => {
    if (!needed) return [];
    return trace.load.map((load, s) => {
      const window = windows[s]!;
      if (window.length > FARTHEST) window.shift();
      while (window.length <= FARTHEST) {
        const at = Math.min(t + window.length, load.length - 1);
        window.push(new Distribution(quantiles.slice().fill(load[at]!)));
      }
      return {
        ticks: window.slice(0, LOOK_AHEAD_TICKS + 1),
        coarse: COARSE.map((minutes) => ({ minutes, load: window[minutes]! })),
      };
    });
  };
}
