import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { type ForecastOptions, forecast, horizonsOf } from '../../cli/forecast.ts';

const entry = join(import.meta.dirname, '..', '..', 'cli', 'foreshard.js');
const dir = mkdtempSync(join(tmpdir(), 'foreshard-forecast-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, 'forecast', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

let next = 0;
function file(content: string | Buffer): string {
  const path = join(dir, `${next++}.csv`);
  writeFileSync(path, content);
  return path;
}

const stamp = (minutes: number) =>
  new Date(Date.UTC(2026, 0, 5, 0, minutes)).toISOString().replace('.000', '');
const wide = ['time,web,"a,b",empty'];
const long = ['time,series,value'];
for (let i = 0; i < 40; i++) {
  wide.push(`${stamp(5 * i)},${100 + (i % 4)},${i === 39 ? -1 : i},`);
  long.push(`${stamp(5 * i)},web,${100 + (i % 4)}`, `${stamp(5 * i)},"a,b",${i === 39 ? '' : i}`);
}
const load = file(`${wide.join('\n')}\n`);
const table = (text: string) => text.trimEnd().split('\n');

describe('forecast', () => {
  it('knows public holidays, by the clock of a time zone', () => {
    // Hourly, closed on every public holiday but the one to be forecast.
    const hours = ['time,web'];
    const closed = ['2026-04-03', '2026-04-06', '2026-05-01'];
    const start = Date.UTC(2026, 2, 1);
    const end = Date.UTC(2026, 4, 13, 21);
    for (let time = start; time <= end; time += 3_600_000) {
      const local = new Date(time + (time < Date.UTC(2026, 2, 29, 1) ? 1 : 2) * 3_600_000);
      const day = local.toISOString().slice(0, 10);
      hours.push(
        `${new Date(time).toISOString()},${(closed.includes(day) ? 20 : 100) + (local.getUTCHours() % 5)}`,
      );
    }
    const own = file(`${hours.join('\n')}\n`);
    const median = (...args: string[]) => {
      const { status, stdout, stderr } = run('--load', own, '--horizons', '1h,2h,6h', '--last', ...args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return table(stdout)
        .slice(1)
        .map((row) => Number(row.split(',')[4]));
    };
    // Ascension Day, 2026-05-14, begins at 22:00 UTC: an hour after the newest value.
    for (const load of median()) expect(load).toBeGreaterThan(80);
    for (const load of median('--holidays', 'DE-BY', '--time-zone', 'Europe/Berlin'))
      expect(load).toBeLessThan(50);
    const [first, , later] = median('--holidays', 'DE-BY');
    expect(first).toBeGreaterThan(80);
    expect(later).toBeLessThan(50);
  });

  it.each([
    [
      '--holidays',
      'DE-QQ',
      "option '--holidays <places>' argument 'DE-QQ' is invalid. state of DE: expected one of",
    ],
    [
      '--time-zone',
      'Mars',
      "argument 'Mars' is invalid. expected an IANA time zone such as Europe/Berlin, got 'Mars'.",
    ],
  ])('refuses %s %s', (option, value, message) => {
    const { status, stderr } = run('--load', load, '--horizons', '1h', '--last', option, value);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });

  it('forecasts each series from its newest value, in the order of the horizons', () => {
    const { status, stdout, stderr } = run('--load', load, '--horizons', '1h,5m', '--last');
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'note: left out, because they have no value: empty\n',
    });
    const [header, ...rows] = table(stdout);
    expect(header).toBe('series,origin,target,q0.1,q0.5,q0.9,q0.95,q0.99');
    expect(rows.map((row) => row.split(',').slice(0, -5).join(','))).toEqual([
      `web,${stamp(195)},${stamp(255)}`,
      `web,${stamp(195)},${stamp(200)}`,
      // A negative value is none: the one before is the newest.
      `"a,b",${stamp(190)},${stamp(250)}`,
      `"a,b",${stamp(190)},${stamp(195)}`,
    ]);
    for (const row of rows) {
      const loads = row.split(',').slice(-5).map(Number);
      expect(loads.every((x, i) => Number.isFinite(x) && x >= (loads[i - 1] ?? 0))).toBe(true);
    }
  });

  it('reads a file long or gzipped to the same forecasts', async () => {
    const of = async (path: string) => {
      const written = new PassThrough();
      await forecast({ load: path, horizons: [300, 86_400], last: true }, written, () => {});
      return String(written.read());
    };
    const plain = await of(load);
    expect(table(plain)).toHaveLength(5);
    expect(await of(file(`${long.join('\n')}\n`))).toBe(plain);
    expect(await of(file(gzipSync(readFileSync(load))))).toBe(plain);
  });

  it('takes origins anywhere and gives them back as they were written, in their order', () => {
    const origins = file(
      `origin,series\n2026-01-05T02:02:30Z,web\n2026-01-05 01:00,web\n2026-01-04T00:00:00+01:00,empty\n`,
    );
    const out = join(dir, 'out.csv');
    const { status, stdout, stderr } = run(
      '--load',
      load,
      '--horizons',
      '15m',
      '--origins',
      origins,
      '--out',
      out,
    );
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: '',
      stderr: `wrote ${out}: 3 forecasts\n`,
    });
    expect(
      table(readFileSync(out, 'utf8'))
        .slice(1)
        .map((row) => row.split(',').slice(0, 3)),
    ).toEqual([
      ['web', '2026-01-05T02:02:30Z', '2026-01-05T02:17:30Z'],
      ['web', '2026-01-05 01:00', '2026-01-05T01:15:00Z'],
      ['empty', '2026-01-04T00:00:00+01:00', '2026-01-03T23:15:00Z'],
    ]);
  });

  it('says wrong usage in one line', () => {
    expect(run('--load', load, '--horizons', '49h', '--last')).toEqual({
      status: 2,
      stdout: '',
      stderr: `foreshard: option '--horizons <list>' argument '49h' is invalid. expected horizons from 1m to 48h, got '49h'.\n`,
    });
  });

  it('says what is wrong with a file, where, and what was expected', async () => {
    const origins = file('series,origin\nweb,2026-01-05T01:00:00Z\nwbe,2026-01-05T01:00:00Z\n');
    const never = file('series,origin\nweb,yesterday\n');
    const other = file('name,origin\nweb,2026-01-05T01:00:00Z\n');
    const fast = file(`time,a\n${[0, 1, 2].map((i) => `2026-01-05T00:00:0${i}Z,1\n`).join('')}`);
    const text = file('time,a\n2026-01-05T00:00:00Z,1\n2026-01-05T00:05:00Z,x\n');
    const nothing = file('time,a\n2026-01-05T00:00:00Z,-1\n');
    const cases: [Partial<ForecastOptions>, string][] = [
      [{}, 'forecast: expected either --last or --origins'],
      [{ last: true, origins }, 'forecast: expected either --last or --origins'],
      [
        { origins },
        `${origins}:3: column series: got "wbe", expected a series of the load ("web", "a,b", "empty")`,
      ],
      [
        { origins: never },
        `${never}:2: column origin: got "yesterday", expected an ISO 8601 stamp such as 2026-01-05T06:15:00Z`,
      ],
      [{ origins: other }, `${other}:1: got columns "name", "origin", expected series and origin`],
      [
        { load: fast, last: true },
        `${fast}: column time: got a step of 1 s (median difference between stamps), expected from 60 to 3600 s`,
      ],
      [
        { load: text, last: true },
        `${text}:3: column a: got "x", expected a finite number, or an empty cell`,
      ],
      [
        { last: true, indicators: text },
        `${text}:3: column a: got "x", expected a finite number, or an empty cell`,
      ],
      [{ load: nothing, last: true }, `${nothing}: got no value in any column, expected loads`],
      [
        { last: true, out: '/nowhere/out.csv' },
        '--out: expected a file in a directory that can be written, got /nowhere/out.csv (ENOENT)',
      ],
    ];
    for (const [options, message] of cases) {
      const written = new PassThrough();
      await expect(forecast({ load, horizons: [300], ...options }, written, () => {})).rejects.toThrow(
        message,
      );
      expect(written.read()).toBeNull();
    }
  });

  it('takes a file whose step is out of bounds only after the last origin', async () => {
    const stamps = [0, 5, 10, 15, 20, 200, 400, 600, 800, 1000, 1200, 1400];
    const slow = file(`time,a\n${stamps.map((minutes) => `${stamp(minutes)},1\n`).join('')}`);
    const of = (minutes: number) => file(`series,origin\na,${stamp(minutes)}\n`);
    const written = new PassThrough();
    await forecast({ load: slow, horizons: [300], origins: of(20) }, written, () => {});
    expect(table(String(written.read()))).toHaveLength(2);
    await expect(
      forecast({ load: slow, horizons: [300], origins: of(1400) }, written, () => {}),
    ).rejects.toThrow('got a step of 12000 s');
  });

  it.each([
    ['zero', () => 0],
    ['jump', (load: number) => 1000 * load],
    ['flat', (_: number, before: number) => before],
  ])('goes on from what was good where a metric is broken: %s', async (kind, broken) => {
    const points = 5 * 288;
    const from = points - 7;
    const good = (i: number) => 100 + 60 * Math.sin((2 * Math.PI * i) / 288) + ((i * 7919) % 11);
    const of = async (load: (i: number) => number) => {
      const rows = Array.from({ length: points }, (_, i) => `${stamp(5 * i)},${load(i)}`);
      const said: string[] = [];
      const written = new PassThrough();
      const options = {
        load: file(`time,web\n${rows.join('\n')}\n`),
        horizons: [300, 3600, 86_400],
        last: true,
      };
      await forecast(options, written, (line) => void said.push(line));
      const medians = table(String(written.read()))
        .slice(1)
        .map((row) => Number(row.split(',')[4]));
      return { said, medians };
    };
    const clean = await of(good);
    expect(clean.said).toEqual([]);
    const { said, medians } = await of((i) => (i < from ? good(i) : broken(good(i), good(from - 1))));
    for (const [at, median] of medians.entries()) expect(median / clean.medians[at]!).toBeCloseTo(1, 0.7);
    expect(said).toEqual([
      `note: at 1 of 1 origins the newest loads are not believed: web at ${stamp(5 * (points - 1))} (${kind} since ${stamp(5 * (kind === 'flat' ? points - 3 : from))})`,
    ]);
  });

  it('forecasts a file of a single row', () => {
    const { status, stdout } = run('--load', file(`time,a\n${stamp(0)},7\n`), '--horizons', '1h', '--last');
    expect(status).toBe(0);
    expect(table(stdout)[1]!.split(',')[4]).toBe('7');
  });
});

describe('horizons', () => {
  it('take minutes, hours and days', () => {
    expect(horizonsOf('5m, 1h,2d')).toEqual([300, 3600, 172_800]);
    for (const wrong of ['', '5', '5s', '1.5h', '-5m', '0m', '3d', '2881m', '5m,'])
      expect(() => horizonsOf(wrong)).toThrow();
  });
});
