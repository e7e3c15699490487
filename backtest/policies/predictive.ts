import { hourlyForecast, hourlyValues } from './hourly-forecast.ts';
import { instancesFor, type Knob, type PeerPolicy, peakOf } from './peer.ts';
import {
  type Alarms,
  ONE_MINUTE_METRICS,
  PREPARED,
  percent,
  sizes,
  TEN_SECOND_METRICS,
  track,
} from './target-tracking.ts';

const HOUR = 60;

type Forecast = ReturnType<typeof hourlyForecast>;

/** Forecasts do not depend on the knobs that a sweep varies most; kept as long as their load array lives. */
const made = new WeakMap<Float64Array, Map<string, Forecast>>();

/** The hourly forecast of a load array, made once per kind. */
export function forecastOf(load: Float64Array, peak: boolean, delay: number): Forecast {
  const known = made.get(load) ?? new Map<string, Forecast>();
  made.set(load, known);
  const key = `${peak} ${delay}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const forecast = hourlyForecast(hourlyValues(load, peak), delay);
  known.set(key, forecast);
  return forecast;
}

/**
 * Least desired capacity per minute that predictive scaling asks for: the forecast of the hour, and `buffer` minutes
 * before an hour that hour's too. It never lowers anything: what is above it is for dynamic scaling to remove.
 * @param usable load that an instance is meant to carry, in the load's unit
 */
export function forecastFloor(
  forecast: Forecast,
  minutes: number,
  usable: number,
  buffer: number,
): Int32Array {
  const floor = new Int32Array(minutes);
  const need = (value: number) => (Number.isNaN(value) ? 1 : instancesFor(value, usable));
  for (let begin = 0, h = 0; begin < minutes; begin += HOUR, h++) {
    const now = need(forecast.inForce[h]!);
    const end = Math.min(begin + HOUR, minutes);
    floor.fill(now, begin, end);
    const next = h + 1 < forecast.before.length ? need(forecast.before[h + 1]!) : 1;
    if (next > now) floor.fill(next, Math.max(begin, begin + HOUR - buffer), end);
  }
  return floor;
}

function predictive(name: string, alarms: Alarms): PeerPolicy {
  return {
    name,
    targets: [0.2, 1.6],
    choices: {
      prepared: PREPARED,
      buffer: [1, 5, 15],
      ratio: [0.75, 0.85, 0.92, 1, 1.06, 1.12, 1.2, 1.3, 1.45, 1.7, 2, 3],
      hourPeak: [0, 1],
      gentle: [0, 1],
    },
    starts: [
      { target: 0.8, prepared: 0.7, buffer: 5, ratio: 1, hourPeak: 0, gentle: 0 },
      { target: 0.8, prepared: 0.7, buffer: 1, ratio: 1.2, hourPeak: 1, gentle: 1 },
    ],
    run(load, history, capacity, config, knob) {
      const forecast = forecastOf(load, knob.hourPeak === 1, config.delay);
      const usable = knob.target * knob.ratio * capacity;
      const floor = forecastFloor(forecast, load.length, usable, knob.buffer);
      const size = sizes(peakOf(load), capacity, knob);
      return track(load, history, capacity, config, {
        target: knob.target,
        gentle: knob.gentle === 1,
        alarms,
        floor,
        ...size,
      });
    },
    describe: (knob: Knob) =>
      `target ${percent(knob.target)}${knob.gentle === 1 ? ', gentle' : ''}, forecast of the hour's ${knob.hourPeak === 1 ? 'peak' : 'mean'} at ` +
      `${percent(knob.target * knob.ratio)}, ${knob.buffer} min before, prepared ${percent(knob.prepared)} of peak`,
  };
}

/** Predictive scaling and target tracking together, with a warm pool; the second on 10-second metrics. */
export const PREDICTIVE: readonly PeerPolicy[] = [
  predictive('aws-predictive', ONE_MINUTE_METRICS),
  predictive('aws-predictive-fast', TEN_SECOND_METRICS),
];
