import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readLoad } from '../../backtest/input/read-load.ts';
import { fileOf, gzipped, messageOf } from './files.ts';

const at = (text: string) => Date.parse(text) / 1000;
const rows = (...lines: string[]) => `${lines.join('\n')}\n`;
const values = (trace: { values: readonly Float64Array[] }) => trace.values.map((one) => [...one]);

const WIDE = rows(
  'time,a,b',
  '2026-01-05T00:00:00Z,1,10',
  '2026-01-05T00:05:00Z,2,',
  '2026-01-05T00:10:00Z,3.5,30',
);

describe('a load file', () => {
  it('is read wide, an empty cell as missing', async () => {
    const trace = await readLoad(fileOf(WIDE));
    expect(trace).toMatchObject({ shards: ['a', 'b'], start: at('2026-01-05T00:00:00Z'), step: 300 });
    expect(values(trace)).toEqual([
      [1, 2, 3.5],
      [10, Number.NaN, 30],
    ]);
    expect(trace.name).toMatch(/^\d+-load$/);
    expect(trace.notes).toBeUndefined();
  });

  it('is read gzipped, whatever its name', async () => {
    expect(values(await readLoad(gzipped(WIDE)))).toEqual(values(await readLoad(fileOf(WIDE))));
    expect((await readLoad(fileOf(gzipSync(WIDE), 'plain.csv'))).step).toBe(300);
  });

  it('may have its time column anywhere, a byte-order mark, quotes, blank lines and CRLF', async () => {
    const text = '\uFEFFa,"time","b, c"\r\n1,2026-01-05 00:00,2\r\n\r\n3,"2026-01-05 00:01","4"\r\n';
    const trace = await readLoad(fileOf(text));
    expect(trace).toMatchObject({ shards: ['a', 'b, c'], step: 60 });
    expect(values(trace)).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it('is read long, each series on the common grid', async () => {
    const text = rows(
      'time,series,value',
      '2026-01-05T00:00:00Z,x,1',
      '2026-01-05T00:05:00Z,x,2',
      '2026-01-05T00:05:00Z,y,5',
      '2026-01-05T00:10:00Z,y,6',
    );
    const trace = await readLoad(fileOf(text));
    expect(trace.shards).toEqual(['x', 'y']);
    expect(values(trace)).toEqual([
      [1, 2, Number.NaN],
      [Number.NaN, 5, 6],
    ]);
  });

  it('gives stamps off the grid to the nearest slot, in any order, and leaves gaps missing', async () => {
    const text = rows(
      'time,a',
      '2026-01-05T00:25:20Z,6',
      '2026-01-05T00:00:00Z,1',
      '2026-01-05T00:05:02Z,2',
      '2026-01-05T00:09:58Z,3',
      '2026-01-05T00:20:00Z,5',
      '2026-01-05T00:30:00Z,7',
    );
    expect(values(await readLoad(fileOf(text)))).toEqual([[1, 2, 3, Number.NaN, 5, 6, 7]]);
  });

  it('averages what daylight saving repeats', async () => {
    // Local stamps of the night on which 01:xx comes twice, written without an offset.
    const hours = ['00', '01', '01', '02', '03'].map((hour, i) => `2026-10-25T${hour}:00:00,${i * 10}`);
    expect(values(await readLoad(fileOf(rows('time,a', ...hours))))).toEqual([[0, 15, 30, 40]]);
  });

  it('reads the same night right when the stamps have offsets', async () => {
    const text = rows(
      'time,a',
      '2026-10-25T01:00:00+02:00,1',
      '2026-10-25T02:00:00+02:00,2',
      '2026-10-25T02:00:00+01:00,3',
      '2026-10-25T03:00:00+01:00,4',
    );
    const trace = await readLoad(fileOf(text));
    expect(trace.start).toBe(at('2026-10-24T23:00:00Z'));
    expect(values(trace)).toEqual([[1, 2, 3, 4]]);
  });

  it('leaves series without any value out, and says so', async () => {
    const text = rows('time,a,b', '2026-01-05T00:00:00Z,,1', '2026-01-05T00:05:00Z,,2');
    const trace = await readLoad(fileOf(text));
    expect(trace.shards).toEqual(['b']);
    expect(trace.notes).toEqual(['left out, because they have no value: a']);
  });

  it('says when series cover a part of the time only', async () => {
    const text = rows(
      'time,series,value',
      ...Array.from({ length: 6 }, (_, i) => `2026-01-05T00:0${i}:00Z,x,1`),
      '2026-01-05T00:05:00Z,y,1',
    );
    expect((await readLoad(fileOf(text))).notes).toEqual([
      '1 of 2 series have values in less than half of the time',
    ]);
  });

  it('keeps constant and all-zero series', async () => {
    const text = rows('time,a,b', '2026-01-05T00:00:00Z,0,7', '2026-01-05T00:05:00Z,0,7');
    expect(values(await readLoad(fileOf(text)))).toEqual([
      [0, 0],
      [7, 7],
    ]);
  });

  it('may have a thousand shards', async () => {
    const names = Array.from({ length: 1000 }, (_, s) => `s${s}`);
    const line = (i: number) => `2026-01-05T00:0${i}:00Z,${names.map((_, s) => s + i).join(',')}`;
    const trace = await readLoad(fileOf(rows(`time,${names.join(',')}`, line(0), line(1))));
    expect(trace.shards).toHaveLength(1000);
    expect([...trace.values[999]!]).toEqual([999, 1000]);
  });
});

describe('a wrong load file', () => {
  const bad = (cell: string) => WIDE.replace('3.5', cell);
  const cell = (value: string) =>
    `FILE:4: column a: got ${value}, expected a finite number of at least 0, or an empty cell`;
  const stamp = (value: string) =>
    `FILE:3: column time: got ${value}, expected an ISO 8601 stamp such as 2026-01-05T06:15:00Z`;
  const cases: readonly [what: string, text: string, message: string][] = [
    ['a word', bad('many'), cell('"many"')],
    ['hexadecimal', bad('0x10'), cell('"0x10"')],
    ['a negative number', bad('-1'), cell('"-1"')],
    ['infinity', bad('Infinity'), cell('"Infinity"')],
    ['a number too large', bad('1e999'), cell('"1e999"')],
    ['NaN', bad('NaN'), cell('"NaN"')],
    ['a line break in a cell', bad('"1\n2"').replace(',30', ',30'), cell('"1\\n2"').replace(':4:', ':5:')],
    ['no stamp', WIDE.replace('2026-01-05T00:05:00Z', 'noon'), stamp('"noon"')],
    [
      'no such day',
      WIDE.replace('2026-01-05T00:05:00Z', '2026-02-29T00:00:00Z'),
      stamp('"2026-02-29T00:00:00Z"'),
    ],
    ['an empty stamp', WIDE.replace('2026-01-05T00:05:00Z', ''), stamp('""')],
    ['too few cells', WIDE.replace(',2,', ',2'), 'FILE:3: got 2 cells, expected 3 as in the header'],
    ['too many cells', WIDE.replace(',2,', ',2,,'), 'FILE:3: got 4 cells, expected 3 as in the header'],
    [
      'a blank line above',
      WIDE.replace('\n2026-01-05T00:05', '\n\n2026-01-05T00:5'),
      stamp('"2026-01-05T00:5:00Z"').replace(':3:', ':4:'),
    ],
    [
      'no time column',
      WIDE.replace('time', 'stamp'),
      'FILE:1: got columns "stamp", "a", "b", expected one named time',
    ],
    [
      'a time column alone',
      rows('time', '2026-01-05'),
      'FILE:1: got a time column alone, expected one column per shard',
    ],
    [
      'a name twice',
      WIDE.replace('a,b', 'a,a'),
      'FILE:1: column a: got it as number 2 and 3, expected each name once',
    ],
    [
      'a column without a name',
      WIDE.replace('a,b', 'a,'),
      'FILE:1: column 3: got no name, expected a name for each column',
    ],
    ['no rows', 'time,a\n', 'FILE:1: got a header alone, expected rows below it'],
    ['nothing', '', 'FILE:1: got an empty file, expected a header and rows'],
    [
      'no values',
      rows('time,a', '2026-01-05,', '2026-01-06,'),
      'FILE: got no value in any column, expected loads',
    ],
    [
      'one stamp',
      rows('time,a', '2026-01-05,1', '2026-01-05,2'),
      'FILE: column time: got one stamp only, expected at least two different ones',
    ],
    [
      'a quote without end',
      rows('time,a', '2026-01-05,"1'),
      'FILE:2: got a broken quoted cell, expected closed quotes',
    ],
    [
      'a series without a name',
      rows('time,series,value', '2026-01-05,,1'),
      'FILE:2: column series: got "", expected the name of a series',
    ],
    [
      'a wrong long value',
      rows('time,series,value', '2026-01-05,x,y'),
      'FILE:2: column value: got "y", expected a finite number of at least 0, or an empty cell',
    ],
    [
      'a stamp of another century',
      rows(
        'time,a',
        '2026-01-05T00:00:00Z,1',
        '2026-01-05T00:01:00Z,1',
        '2026-01-05T00:02:00Z,1',
        '2126-01-05T00:00:00Z,1',
      ),
      'FILE: column time: got 2026-01-05T00:00:00Z to 2126-01-05T00:00:00Z in steps of 60 s, 52594561 for each of 1 series, expected at most 5000000 steps',
    ],
  ];

  it.each(cases)('%s', async (_, text, message) => {
    expect(await messageOf(readLoad, fileOf(text))).toBe(message);
  });

  it('damaged or cut gzip', async () => {
    const whole = gzipSync(WIDE);
    expect(await messageOf(readLoad, fileOf(whole.subarray(0, 40)))).toMatch(
      /^FILE: got damaged gzip \(unexpected end of file\), expected a whole file$/,
    );
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 12, 20);
    expect(await messageOf(readLoad, fileOf(damaged))).toMatch(/^FILE: got damaged gzip/);
  });

  it('that is not there, or a folder', async () => {
    expect(await messageOf(readLoad, '/nowhere/x.csv')).toBe(
      'FILE: got no such file, expected a CSV file, plain or gzipped',
    );
    expect(await messageOf(readLoad, '/')).toBe(
      'FILE: got a directory, expected a CSV file, plain or gzipped',
    );
  });
});
