import type { ModelConfig, ModelTrace, Outcome } from '../../backtest/model/model.ts';
import { Ours } from '../../backtest/policies/ours.ts';
import { LOOK_AHEAD_TICKS } from '../../core/capacity/horizons.ts';
import { type LookAhead, lookAhead } from '../../core/capacity/look-ahead.ts';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import { Distribution } from '../../core/forecast/distribution.ts';
import { LEVELS } from '../../core/forecast/forecast.ts';
import { MINUTE } from '../../core/time.ts';

/** What is known of each shard's load to come at minute t; asked for t = 0, 1, 2, … and used from the history's end. */
export type Sight = (t: number, needed: boolean) => readonly LookAhead[];

/** Minutes ahead that are forecast: the planner's horizons for the model's lead times. */
const AHEAD = [0, 1, 2, 4, 5, 7, 11, 20, 40, 80, 150];
const COARSE = AHEAD.filter((minutes) => minutes > LOOK_AHEAD_TICKS);
const FARTHEST = AHEAD.at(-1)!;

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

/** What the forecaster says, fed with the load up to t − 1 − delay. @param delay steps */
export function forecastSight(trace: ModelTrace, delay: number): Sight {
  const forecasters = trace.shards.map(
    (shard) => new Analyser({ shard, leads: AHEAD.map((ahead) => (ahead + 1 + delay) * MINUTE) }),
  );
  const horizons = AHEAD.map((minutes) => minutes * MINUTE);
  const time = (t: number) => trace.start + t * MINUTE;
  return (t, needed) => {
    const known = t - 1 - delay;
    if (known >= 0) {
      for (const [s, one] of forecasters.entries())
        one.observe({ time: time(known), load: trace.load[s]![known]! });
    }
    return needed ? forecasters.map((one) => lookAhead(one.forecast(time(t), horizons))) : [];
  };
}

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
