import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { indicatorsOf } from '../../backtest/input/indicators.ts';
import { readLoad } from '../../backtest/input/read-load.ts';
import type { LoadTrace } from '../../backtest/load.ts';
import type { Indicators } from '../../core/forecast/forecast.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { evenly } from './evenly.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Public traces are kept beside the project, not in it. */
const REAL = resolve(ROOT, '../shared/data/load');
const EXAMPLE = join(ROOT, 'examples/data/shop.csv.gz');

/** Fewest values that a series has: with less there is nothing to learn a day from, and nothing left to score. */
const FEWEST_DAYS = 3;

/** One series from its first to its last value; `values[i]` is the load at `start + i × step`, `NaN` where it is missing. */
export interface Series {
  readonly set: string;
  readonly name: string;
  readonly step: Seconds;
  readonly start: Seconds;
  readonly values: Float64Array;
  /** Steps ahead that are scored, ascending. */
  readonly horizons: readonly number[];
  /** Sum of the other series of the set: at `start + (i - before) × step`. `NaN` where none is known. */
  readonly others: { readonly before: number; readonly values: Float64Array };
}

/** Which part of a series its origins lie in: the first is for development, the last for figures. */
export type Part = 'first' | 'last';

export const PARTS = { first: [0.3, 0.6], last: [0.6, 1] } as const;

/** Horizons in seconds besides a single step. */
const HORIZONS: readonly Seconds[] = [15 * MINUTE, HOUR, DAY];

export function defaultFiles(say: (message: string) => void): string[] {
  if (existsSync(REAL)) {
    const names = readdirSync(REAL).filter((name) => name.endsWith('.csv.gz'));
    if (names.length > 0) return names.sort().map((name) => join(REAL, name));
  }
  say(`no traces in ${REAL}: taking the generated example; give your own by --load FILE`);
  return [EXAMPLE];
}

/** {@link readSet} of each file; names that come twice are numbered. */
export async function readSets(files: readonly string[], most: number): Promise<Series[][]> {
  const sets: Series[][] = [];
  const seen = new Map<string, number>();
  for (const file of files) {
    const series = await readSet(file, most);
    const name = series[0]?.set ?? file;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    sets.push(times === 1 ? series : series.map((one) => ({ ...one, set: `${name} (${times})` })));
  }
  return sets;
}

/**
 * Series of one file, at most so many: evenly by rank of their whole load, so that large and small ones are in. More of
 * them contain fewer of them.
 */
async function readSet(file: string, most: number): Promise<Series[]> {
  const trace = await readLoad(file);
  const indicators = indicatorsOf(trace);
  const all = trace.values
    .map((values, i) => trimmed(trace, values, trace.shards[i]!))
    .filter(({ values, step }) => values.length * step >= FEWEST_DAYS * DAY && sum(values) > 0);
  const ranked = all.sort((a, b) => sum(b.values) - sum(a.values) || (a.name < b.name ? -1 : 1));
  return evenly(0, ranked.length, most).map((rank) => {
    const one = ranked[rank]!;
    return withOthers(one, trace, indicators(one.name));
  });
}

type Alone = Omit<Series, 'others'> & { readonly before: number };

function trimmed({ name: set, start, step }: LoadTrace, values: Float64Array, name: string): Alone {
  const first = values.findIndex((value) => !Number.isNaN(value));
  const last = values.findLastIndex((value) => !Number.isNaN(value));
  const own = values.slice(first, last + 1);
  const steps = [step, ...HORIZONS]
    .filter((seconds) => seconds % step === 0)
    .map((seconds) => seconds / step);
  // What lies farther ahead than the scored part is long cannot be scored.
  const horizons = [...new Set(steps)].sort((a, b) => a - b).filter((ahead) => ahead < 0.3 * own.length);
  return { set, name, step, start: start + first * step, values: own, horizons, before: first };
}

/** What the `forecast` command knows beside a series, slot by slot: plain data, which goes to a worker as it is. */
function withOthers(
  { before, ...one }: Alone,
  { values: [any], start, step }: LoadTrace,
  { at }: Indicators,
): Series {
  return { ...one, others: { before, values: Float64Array.from(any!, (_, i) => at(0, start + i * step)) } };
}

const sum = (values: Float64Array) => values.reduce((total, value) => total + (value > 0 ? value : 0), 0);

/** Origins in a part, as indices of the newest value that may be known; targets lie in the same part. */
export function originsOf({ values, horizons }: Series, part: Part, most: number): number[] {
  const [from, to] = PARTS[part];
  return evenly(
    Math.ceil(from * values.length),
    Math.floor(to * values.length) - Math.max(...horizons),
    most,
  );
}
