import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseSettings } from '../../core/settings/parse.ts';

const entry = join(import.meta.dirname, '..', '..', 'cli', 'foreshard.js');
const dir = mkdtempSync(join(tmpdir(), 'foreshard-cli-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const load = join(dir, 'load.csv');
writeFileSync(load, 'time,a,b_c\n2026-01-05T00:00:00Z,1,10\n2026-01-05T00:05:00Z,4,20\n');

describe('the command line', () => {
  it('says what there is', () => {
    const { status, stdout, stderr } = run('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const command of ['backtest', 'init', 'explain', 'schema'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it('shows the help of one command', () => {
    expect(run('init', '--help').stdout).toContain('--peak-instances <n>');
    expect(run('help', 'init').stdout).toBe(run('init', '--help').stdout);
  });

  it('names wrong usage in one line, code 2', () => {
    const cases: [string[], string][] = [
      [['ini'], "foreshard: unknown command 'ini' (Did you mean init?)\n"],
      [['init', '--load', load, '--otu', 'x'], "foreshard: unknown option '--otu' (Did you mean --out?)\n"],
      [['init'], "foreshard: required option '--load <file>' not specified\n"],
      [
        ['init', '--load', load, 'more'],
        "foreshard: too many arguments for 'init'. Expected 0 arguments but got 1.\n",
      ],
      [
        ['init', '--load', load, '--peak-instances', '0'],
        "foreshard: option '--peak-instances <n>' argument '0' is invalid. expected an integer from 1 to 10000.\n",
      ],
    ];
    for (const [args, stderr] of cases) expect(run(...args)).toEqual({ status: 2, stdout: '', stderr });
  });
});

describe('init', () => {
  it('prints settings that are right', () => {
    const { status, stdout, stderr } = run('init', '--load', load, '--peak-instances', '10');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { shards } = parseSettings(stdout, 'stdout');
    expect(shards.map(({ name, capacity }) => [name, capacity.perInstance])).toEqual([
      ['a', 0.4],
      ['b-c', 2],
    ]);
  });

  it('writes a file, and never over another one', () => {
    const out = join(dir, 'settings.yaml');
    expect(run('init', '--load', load, '--out', out)).toMatchObject({ status: 0, stdout: '' });
    const text = readFileSync(out, 'utf8');
    expect(parseSettings(text, out).shards).toHaveLength(2);
    expect(run('init', '--load', load, '--out', out)).toEqual({
      status: 1,
      stdout: '',
      stderr: `foreshard: --out: ${out} exists already, expected a new file\n`,
    });
    expect(readFileSync(out, 'utf8')).toBe(text);
    const schema = /\$schema=(\S+)/.exec(text)?.[1] ?? '';
    expect(existsSync(join(dir, schema))).toBe(true);
  });

  it('names unreadable input in one line, code 1', () => {
    const bad = join(dir, 'bad.csv');
    writeFileSync(bad, 'time,a\n2026-01-05,x\n');
    expect(run('init', '--load', bad)).toEqual({
      status: 1,
      stdout: '',
      stderr: `foreshard: ${bad}:2: column a: got "x", expected a finite number of at least 0, or an empty cell\n`,
    });
  });
});
