import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { parseStamp } from '../../core/settings/stamp.ts';
import type { Seconds } from '../../core/time.ts';
import { InputError, inputError, quote } from './input-error.ts';

/** Takes the rows of one file. `line` counts from 1 with the header; cells are trimmed. */
export interface RowSink {
  header(names: readonly string[]): void;
  /** As many cells as the header has. */
  row(cells: readonly string[], line: number): void;
}

/**
 * Streams a CSV file, plain or gzipped (known by its first bytes), into a sink. Blank lines are skipped.
 * @throws {InputError} when the file cannot be read, is empty, is damaged, or a row has too many or too few cells
 */
export async function readCsv(path: string, sink: RowSink): Promise<void> {
  const gzipped = await isGzip(path);
  let width: number | undefined;
  const parser = parse({
    bom: true,
    info: true,
    trim: true,
    relax_column_count: true,
    skip_empty_lines: true,
  });
  const rows = async (source: AsyncIterable<unknown>) => {
    for await (const item of source) {
      const { record, info } = item as { record: string[]; info: { lines: number } };
      if (width === undefined) {
        width = record.length;
        checkHeader(path, record);
        sink.header(record);
      } else {
        if (record.length !== width) {
          throw inputError(
            path,
            info.lines,
            undefined,
            `${record.length} cells`,
            `${width} as in the header`,
          );
        }
        sink.row(record, info.lines);
      }
    }
  };
  try {
    await (gzipped
      ? pipeline(createReadStream(path), createGunzip(), parser, rows)
      : pipeline(createReadStream(path), parser, rows));
  } catch (error) {
    throw asInputError(path, error);
  }
  if (width === undefined) throw inputError(path, 1, undefined, 'an empty file', 'a header and rows');
}

async function isGzip(path: string): Promise<boolean> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } catch (error) {
    throw asInputError(path, error);
  }
}

function checkHeader(path: string, names: readonly string[]): void {
  const seen = new Map<string, number>();
  for (const [i, name] of names.entries()) {
    if (name === '') throw inputError(path, 1, String(i + 1), 'no name', 'a name for each column');
    const before = seen.get(name);
    if (before !== undefined) {
      throw inputError(path, 1, name, `it as number ${before + 1} and ${i + 1}`, 'each name once');
    }
    seen.set(name, i);
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'a directory',
  EACCES: 'no permission to read it',
};

/** Failures of the file system, of gzip and of the CSV parser in our words; anything else is a bug and goes up as it is. */
function asInputError(path: string, error: unknown): unknown {
  if (error instanceof InputError || !(error instanceof Error)) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  const unreadable = UNREADABLE[code];
  if (unreadable) return inputError(path, undefined, undefined, unreadable, 'a CSV file, plain or gzipped');
  if (code.startsWith('Z_'))
    return inputError(path, undefined, undefined, `damaged gzip (${error.message})`, 'a whole file');
  if (code.startsWith('CSV_') && 'lines' in error) {
    return inputError(path, Number(error.lines), undefined, 'a broken quoted cell', 'closed quotes');
  }
  return error;
}

/** @throws {InputError} when the cell is no ISO 8601 stamp */
export function stampOf(path: string, line: number, column: string, cell: string): Seconds {
  const time = parseStamp(cell);
  if (time !== undefined) return time;
  throw inputError(path, line, column, quote(cell), 'an ISO 8601 stamp such as 2026-01-05T06:15:00Z');
}
