import { basename } from 'node:path';
import type { LoadTrace } from '../load.ts';
import { type RowSink, readCsv, stampOf } from './csv.ts';
import { gridOf, layOn, type RawSeries } from './grid.ts';
import { inputError, quote } from './input-error.ts';

/** A sink that keeps what it was given as series. */
interface Collector {
  row: RowSink['row'];
  series(): readonly RawSeries[];
}

/**
 * Reads a load history: CSV, plain or gzipped, wide (a `time` column and one per shard) or long (`time,series,value`,
 * known by its header). Stamps are ISO 8601, UTC unless they have an offset; an empty cell is missing. The step is
 * the median one; stamps off the grid go to the nearest slot, several in a slot (the hour that daylight saving
 * repeats) are averaged, gaps stay `NaN`. Series without any value are left out, with a note in `notes`.
 * @throws {InputError} naming file, line, column, value and what was expected
 */
export async function readLoad(path: string): Promise<LoadTrace> {
  const all = await readSeries(path, loadOf);
  const series = all.filter(({ values }) => values.some((value) => !Number.isNaN(value)));
  if (series.length === 0) throw inputError(path, undefined, undefined, 'no value in any column', 'loads');
  const grid = gridOf(path, series);
  const values = series.map((one) => layOn(grid, one));
  const notes = notesOn(all, series, values);
  return {
    name: basename(path).replace(/(\.csv)?(\.gz)?$/i, ''),
    shards: series.map((one) => one.name),
    start: grid.start,
    step: grid.step,
    values,
    ...(notes.length > 0 && { notes }),
  };
}

/** What a cell says: `NaN` is missing. @throws {InputError} when it says nothing of the kind */
export type CellReader = (path: string, line: number, column: string, cell: string) => number;

/** The series of a load file as they stand in it, on no grid yet. @throws {InputError} */
export async function readSeries(path: string, read: CellReader): Promise<readonly RawSeries[]> {
  let collector: Collector | undefined;
  let rows = 0;
  await readCsv(path, {
    header(names) {
      collector = isLong(names) ? collectLong(path, names, read) : collectWide(path, names, read);
    },
    row(cells, line) {
      rows++;
      collector?.row(cells, line);
    },
  });
  if (rows === 0) throw inputError(path, 1, undefined, 'a header alone', 'rows below it');
  return collector?.series() ?? [];
}

function notesOn(
  all: readonly RawSeries[],
  kept: readonly RawSeries[],
  values: readonly Float64Array[],
): string[] {
  const notes: string[] = [];
  if (kept.length < all.length) {
    const names = all.filter((one) => !kept.includes(one)).map((one) => one.name);
    notes.push(`left out, because they have no value: ${names.join(', ')}`);
  }
  const sparse = values.filter((one) => 2 * one.filter(Number.isNaN).length > one.length).length;
  if (sparse > 0) notes.push(`${sparse} of ${kept.length} series have values in less than half of the time`);
  return notes;
}

function isLong(names: readonly string[]): boolean {
  return names.length === 3 && ['time', 'series', 'value'].every((name) => names.includes(name));
}

function collectWide(path: string, names: readonly string[], read: CellReader): Collector {
  const time = names.indexOf('time');
  if (time < 0) {
    const got = names.slice(0, 5).map(quote).join(', ') + (names.length > 5 ? ', …' : '');
    throw inputError(path, 1, undefined, `columns ${got}`, 'one named time');
  }
  if (names.length === 1) throw inputError(path, 1, undefined, 'a time column alone', 'one column per shard');
  const times: number[] = [];
  const columns = names.map((name, at) => ({ name, at, times, values: [] as number[] }));
  columns.splice(time, 1);
  return {
    row(cells, line) {
      times.push(stampOf(path, line, 'time', cells[time]!));
      for (const { name, at, values } of columns) values.push(read(path, line, name, cells[at]!));
    },
    series: () => columns,
  };
}

function collectLong(path: string, names: readonly string[], read: CellReader): Collector {
  const [time, series, value] = [names.indexOf('time'), names.indexOf('series'), names.indexOf('value')];
  const byName = new Map<string, { name: string; times: number[]; values: number[] }>();
  return {
    row(cells, line) {
      const name = cells[series]!;
      if (name === '') throw inputError(path, line, 'series', '""', 'the name of a series');
      let one = byName.get(name);
      if (!one) {
        one = { name, times: [], values: [] };
        byName.set(name, one);
      }
      one.times.push(stampOf(path, line, 'time', cells[time]!));
      one.values.push(read(path, line, 'value', cells[value]!));
    },
    series: () => [...byName.values()],
  };
}

// Number() alone would take hexadecimal, and Infinity by its name.
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function loadOf(path: string, line: number, column: string, cell: string): number {
  const load = numberOf(cell);
  if (cell === '' || load >= 0) return load;
  throw inputError(path, line, column, quote(cell), 'a finite number of at least 0, or an empty cell');
}

/** A load as files of measurements have it: an empty cell or a negative number is missing. @throws {InputError} */
export function loadOrMissing(path: string, line: number, column: string, cell: string): number {
  const load = anyOrMissing(path, line, column, cell);
  return load >= 0 ? load : Number.NaN;
}

/** Any number, or an empty cell for a missing one. @throws {InputError} */
export function anyOrMissing(path: string, line: number, column: string, cell: string): number {
  const value = numberOf(cell);
  if (cell === '' || !Number.isNaN(value)) return value;
  throw inputError(path, line, column, quote(cell), 'a finite number, or an empty cell');
}

/** `NaN` for what is no finite decimal number. */
function numberOf(cell: string): number {
  const value = DECIMAL.test(cell) ? Number(cell) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}
