import {
  DEFAULT_INSTANCE_HOUR,
  type Settings,
  type SettingsInput,
  settingsSchema,
} from '../../core/settings/schema.ts';
import type { LoadTrace } from '../load.ts';

/** Above it path routes are refused, because one load balancer has no more target groups. */
const MOST_PATHS = 100;
const NAME_LENGTH = 32;

/**
 * Settings for a history of which nothing else is known: one active shard per column, in the columns' order,
 * capacity per instance such that a shard's peak needs `peakInstances` of them, and a fleet that is large enough
 * for all peaks at once, the ready pool (a tenth of it) and a reserve of a twentieth.
 * @throws {RangeError} when `peakInstances` is not from 1 to 10,000
 */
export function deriveSettings(trace: LoadTrace, peakInstances = 20): Settings {
  if (!Number.isInteger(peakInstances) || peakInstances < 1 || peakInstances > 10_000) {
    throw new RangeError(`peak instances: expected an integer from 1 to 10000, got ${peakInstances}`);
  }
  const peaks = trace.shards.length * peakInstances;
  const pool = Math.max(2, Math.ceil(peaks / 10));
  const names = shardNames(trace.shards);
  const input: SettingsInput = {
    service: shardNames([trace.name])[0]!,
    shards: names.map((name, s) => ({
      name,
      ...(names.length > MOST_PATHS && { route: { host: `${name.toLowerCase()}.example.com` } }),
      capacity: { perInstance: perInstance(trace.values[s]!, peakInstances), unit: 'load' },
      mode: 'active' as const,
    })),
    readyPool: { max: pool },
    fleet: { max: peaks + pool + Math.ceil(peaks / 20) },
    costs: unmetCosts(trace, peakInstances),
  };
  return settingsSchema.parse(input);
}

/** Unmet load costs this many times what the mean shard's instance that would have served it costs. */
const UNMET_OVER_INSTANCE = 12;
/** And for any shard at least this many times its own, so that one with little load is not given up for its size. */
const UNMET_AT_LEAST = 4;

/** Columns whose peaks are farther apart than this hardly count the same thing: bytes beside percents. */
const ONE_UNIT = 100_000;

/** One price for a unit of unmet load of every shard, because one trace has one unit, unless its peaks say otherwise. */
function unmetCosts(trace: LoadTrace, peakInstances: number): SettingsInput['costs'] {
  const capacities = trace.values.map((one) => perInstance(one, peakInstances));
  const dollars = (times: number) => Number((times * DEFAULT_INSTANCE_HOUR).toPrecision(3));
  const loaded = trace.values.flatMap((one, s) => (one.some((load) => load > 0) ? [capacities[s]!] : []));
  if (loaded.length > 0 && Math.max(...loaded) / Math.min(...loaded) > ONE_UNIT) {
    return { unmetInstanceHour: dollars(UNMET_OVER_INSTANCE) };
  }
  const mean = capacities.reduce((sum, one) => sum + one, 0) / capacities.length;
  return {
    unmetUnitHour: Number(((UNMET_OVER_INSTANCE * DEFAULT_INSTANCE_HOUR) / mean).toPrecision(3)),
    unmetInstanceHour: dollars(UNMET_AT_LEAST),
  };
}

/** The capacity at which the peak just needs `instances`; rounded up to six digits, so that people can read it. */
function perInstance(values: Float64Array, instances: number): number {
  let peak = 0;
  for (const value of values) if (value > peak) peak = value;
  // A shard without any load still needs a capacity.
  if (peak === 0) return 1;
  const exact = peak / instances;
  const rounded = Number(exact.toPrecision(6));
  if (rounded >= exact) return rounded;
  const sixthDigit = 10 ** (Math.floor(Math.log10(exact)) - 5);
  return Number((rounded + sixthDigit).toPrecision(6));
}

/** Column names as names of shards: other characters become hyphens, 32 at most, kept unique by a number at the end. */
export function shardNames(columns: readonly string[]): string[] {
  const taken = new Set<string>();
  return columns.map((column) => {
    const base = trim(column.normalize('NFKD').replaceAll(/[^A-Za-z0-9]+/g, '-')) || 'shard';
    let name = base;
    for (let n = 2; taken.has(name.toLowerCase()); n++) {
      const end = `-${n}`;
      name = trim(base.slice(0, NAME_LENGTH - end.length)) + end;
    }
    taken.add(name.toLowerCase());
    return name;
  });
}

function trim(name: string): string {
  return name.replace(/^-+/, '').slice(0, NAME_LENGTH).replace(/-+$/, '');
}
