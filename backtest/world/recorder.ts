import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import type { RunRecord, ShardRecord } from '../report/run-record.ts';
import { ForecastWatch } from './forecast-watch.ts';
import type { World } from './world.ts';

/** What a run came to, exactly: the series of its record are rounded. */
export interface Totals {
  /** Running instance-hours; stopped ones at `costs.stoppedShare`. */
  readonly hours: number;
  /** $. */
  readonly cost: number;
  /** Unmet over total load, all shards; 0 without load. */
  readonly unmet: number;
}

/** Step of a record that covers this long: a minute up to 3 days, 5 up to 31, then coarser. */
export function recordStep(judged: Seconds): Seconds {
  if (judged <= 3 * DAY) return MINUTE;
  if (judged <= 31 * DAY) return 5 * MINUTE;
  return judged <= 100 * DAY ? 15 * MINUTE : HOUR;
}

type FleetSeries = RunRecord['fleet'];
const QUANTILES = {
  q01: LEVELS.indexOf(0.01),
  q10: LEVELS.indexOf(0.1),
  q50: LEVELS.indexOf(0.5),
  q90: LEVELS.indexOf(0.9),
  q99: LEVELS.indexOf(0.99),
};
const NAMES = ['q01', 'q10', 'q50', 'q90', 'q99'] as const;
/** Each step shows another one of its minutes: those of a trace of coarser points are not alike. */
const TURN = 7;
/** Notes of what carried a shard's forecasts, over a whole run. */
const NOTES = 200;

/** Gathers the series of a run, step by step: `tick` at each minute, `finish` at the end. */
export class Recorder {
  readonly step: Seconds;
  readonly #world: World;
  readonly #start: Seconds;
  readonly #minutes: number;
  readonly #ahead: Seconds;
  readonly #fleet: FleetSeries;
  /** Per shard: sums of the quantiles and their count, per step. */
  readonly #bands = new Map<string, Record<keyof typeof QUANTILES | 'count', Float64Array>>();
  readonly #watches = new Map<string, ForecastWatch>();
  #hours = 0;
  #cost = 0;

  /** `ahead`: the horizon at which the recorded forecasts were made. */
  constructor(world: World, minutes: number, ahead: Seconds) {
    this.#world = world;
    this.#start = world.clock.now();
    this.#minutes = minutes;
    this.#ahead = ahead;
    this.step = recordStep(minutes * MINUTE);
    const steps = Math.ceil((minutes * MINUTE) / this.step);
    const series = () => new Array<number>(steps).fill(0);
    this.#fleet = {
      active: series(),
      activating: series(),
      draining: series(),
      ready: series(),
      starting: series(),
      stopped: series(),
      readyTarget: series(),
      cost: series(),
    };
    for (const { name } of world.settings.shards) {
      const sums = () => new Float64Array(steps);
      const quantiles = { q01: sums(), q10: sums(), q50: sums(), q90: sums(), q99: sums() };
      this.#bands.set(name, { ...quantiles, count: sums() });
      this.#watches.set(name, new ForecastWatch(Math.max(HOUR, (minutes * MINUTE) / NOTES)));
    }
  }

  /** The tick at `now` planned with these forecasts and this target for the ready pool. */
  tick(now: Seconds, forecasts: ReadonlyMap<string, Forecast>, readyTarget: number): void {
    const here = this.#fleet.readyTarget;
    const i = Math.floor((now - this.#start) / this.step);
    here[i] = (here[i] ?? 0) + (readyTarget * MINUTE) / this.step;
    const step = Math.floor((now + this.#ahead - this.#start) / this.step);
    const minute = Math.floor((now + this.#ahead - this.#start) / MINUTE);
    for (const [shard, forecast] of forecasts) {
      const band = this.#bands.get(shard);
      const horizon = forecast.horizons.find(({ ahead }) => ahead >= this.#ahead);
      if (band === undefined || horizon === undefined) continue;
      const load = this.#world.services.get(shard)?.load;
      this.#watches.get(shard)?.take(forecast, horizon, minute < this.#minutes ? load?.[minute] : undefined);
      if (step >= band.count.length) continue;
      band.count[step] = (band.count[step] ?? 0) + 1;
      for (const name of NAMES)
        band[name][step] = (band[name][step] ?? 0) + (horizon.quantiles[QUANTILES[name]] ?? 0);
    }
  }

  /** A minute has passed: takes in what was metered. */
  metered(until: Seconds): void {
    const i = Math.floor((until - 1 - this.#start) / this.step);
    const taken = this.#world.takeMetered();
    const { stoppedShare } = this.#world.settings.costs;
    const leaving = Math.max(0, taken.running - taken.active - taken.activating - taken.ready);
    const means = { ...taken, draining: leaving };
    for (const what of ['active', 'activating', 'draining', 'ready', 'starting', 'stopped'] as const) {
      const series = this.#fleet[what];
      series[i] = (series[i] ?? 0) + means[what] / this.step;
    }
    this.#fleet.cost[i] = (this.#fleet.cost[i] ?? 0) + taken.dollars;
    this.#cost += taken.dollars;
    this.#hours += (taken.running + taken.starting + stoppedShare * taken.stopped) / HOUR;
  }

  finish(settings: Settings): Pick<RunRecord, 'start' | 'step' | 'fleet' | 'shards'> & { totals: Totals } {
    let load = 0;
    let unmet = 0;
    for (const service of this.#world.services.values()) {
      for (const value of service.load) load += value * MINUTE;
      for (const value of service.unmet) unmet += value;
    }
    const fleet = Object.fromEntries(Object.entries(this.#fleet).map(([name, s]) => [name, s.map(round)]));
    return {
      start: this.#start,
      step: this.step,
      fleet: fleet as unknown as FleetSeries,
      shards: settings.shards.map(({ name }) => this.#shard(name)),
      totals: { hours: this.#hours, cost: this.#cost, unmet: load > 0 ? unmet / load : 0 },
    };
  }

  #shard(name: string): ShardRecord {
    const service = this.#world.services.get(name);
    const band = this.#bands.get(name);
    if (service === undefined || band === undefined) throw new RangeError(`no shard ${name} in this world`);
    const perStep = this.step / MINUTE;
    const steps = band.count.length;
    const sum = (series: Float64Array, i: number) => {
      let total = 0;
      const end = Math.min((i + 1) * perStep, this.#minutes);
      for (let m = i * perStep; m < end; m++) total += series[m] ?? 0;
      return total;
    };
    const record = {
      name,
      load: [] as number[],
      capacity: [] as number[],
      unmet: [] as number[],
      delay: [] as number[],
      ...(perStep > 1 && {
        minute: Array.from({ length: steps }, (_, i) => {
          const minute = i * perStep + ((TURN * i) % perStep);
          return round(service.load[Math.min(minute, this.#minutes - 1)] ?? 0);
        }),
      }),
      ...quantileSeries(band, steps),
      ...this.#watches.get(name)?.finish(),
    };
    for (let i = 0; i < steps; i++) {
      const minutes = Math.min(perStep, this.#minutes - i * perStep);
      const served = sum(service.served, i);
      record.load.push(round(sum(service.load, i) / minutes));
      record.capacity.push(round(sum(service.capacitySeconds, i) / (minutes * MINUTE)));
      record.unmet.push(round(sum(service.unmet, i) / (minutes * MINUTE)));
      record.delay.push(served > 0 ? round(sum(service.waited, i) / served) : 0);
    }
    return record;
  }
}

/** The first steps, for which no forecast was made a lead time before, get the first one that there is. */
function quantileSeries(
  band: Record<keyof typeof QUANTILES | 'count', Float64Array>,
  steps: number,
): Record<keyof typeof QUANTILES, number[]> {
  const mean = (sums: Float64Array) => {
    const values: number[] = [];
    const first = band.count.findIndex((count) => count > 0);
    for (let i = 0; i < steps; i++) {
      const at = (band.count[i] ?? 0) > 0 ? i : Math.max(first, i - 1);
      const count = band.count[at] ?? 0;
      values.push(count > 0 ? round((sums[at] ?? 0) / count) : (values[i - 1] ?? 0));
    }
    return values;
  };
  return {
    q01: mean(band.q01),
    q10: mean(band.q10),
    q50: mean(band.q50),
    q90: mean(band.q90),
    q99: mean(band.q99),
  };
}

/** Six digits: what a plot can show, at a third of the size. */
const round = (value: number) => Number(value.toPrecision(6));
