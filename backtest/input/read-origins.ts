import type { Seconds } from '../../core/time.ts';
import { readCsv, stampOf } from './csv.ts';
import { inputError, quote } from './input-error.ts';

/** One row of an origins file. */
export interface OriginRow {
  readonly series: string;
  readonly origin: Seconds;
  /** The origin's cell as it stands in the file. */
  readonly stamp: string;
}

/**
 * Reads origins: a CSV with the columns `series` and `origin` (ISO 8601, UTC unless it has an offset).
 * @param names series that there are
 * @throws {InputError} naming file, line, column, value and what was expected
 */
export async function readOrigins(path: string, names: readonly string[]): Promise<OriginRow[]> {
  const known = new Set(names);
  const rows: OriginRow[] = [];
  let [series, origin] = [-1, -1];
  await readCsv(path, {
    header(columns) {
      [series, origin] = [columns.indexOf('series'), columns.indexOf('origin')];
      if (series < 0 || origin < 0)
        throw inputError(path, 1, undefined, `columns ${columns.map(quote).join(', ')}`, 'series and origin');
    },
    row(cells, line) {
      const [name, stamp] = [cells[series]!, cells[origin]!];
      if (!known.has(name))
        throw inputError(path, line, 'series', quote(name), `a series of the load (${listed(names)})`);
      rows.push({ series: name, origin: stampOf(path, line, 'origin', stamp), stamp });
    },
  });
  if (rows.length === 0) throw inputError(path, 1, undefined, 'a header alone', 'rows below it');
  return rows;
}

function listed(names: readonly string[]): string {
  const some = names.slice(0, 3).map(quote).join(', ');
  return names.length > 3 ? `${some}, … ${names.length} in all` : some;
}
