import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Row } from '../../bench/capacity/rows.ts';

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'bench-capacity-'));
  const rows = Array.from({ length: 150 }, (_, i) => {
    const stamp = new Date(Date.UTC(2026, 0, 5) + i * 600_000).toISOString();
    return `${stamp},${Math.round(60 + 40 * Math.sin(i / 9))},${Math.round(30 + 25 * Math.cos(i / 7))}`;
  });
  writeFileSync(join(dir, 'tiny.csv'), `time,a,b\n${rows.join('\n')}\n`);
});
afterAll(() => rmSync(dir, { recursive: true }));

function bench(...args: string[]) {
  return spawnSync(process.execPath, ['bench/capacity.ts', ...args], { encoding: 'utf8' });
}

function run(name: string) {
  const json = join(dir, `${name}.json`);
  const out = join(dir, name);
  const args = ['--load', join(dir, 'tiny.csv'), '--sizes', '20', '--shares', '0.02,0.001', '--quiet'];
  return { ...bench(...args, '--json', json, '--out', out), json, out };
}

describe('bench:capacity', () => {
  it('prints, writes and draws a tiny trace, the same every time', { timeout: 120_000 }, () => {
    const { status, stdout, stderr, json, out } = run('first');
    expect({ status, stderr }).toEqual({ status: 0, stderr: `drawn in ${join(out, 'pareto.html')}\n` });
    const text = readFileSync(json, 'utf8');
    const { metrics, rows } = JSON.parse(text) as { metrics: Record<string, number>; rows: Row[] };
    expect(metrics.hoursVsClairvoyant).toBeGreaterThan(1);
    expect(stdout).toContain(`hoursVsClairvoyant    ${metrics.hoursVsClairvoyant!.toFixed(4)}`);
    expect([0, 1]).toContain(metrics.neverDearer);
    const keys = rows.map(
      ({ unmetShare, delaySeconds, policy }) => `${unmetShare} ${delaySeconds} ${policy}`,
    );
    expect(new Set(keys).size).toBe(keys.length);
    for (const share of [0.02, 0.001]) {
      for (const delay of [0, 60]) {
        for (const policy of ['clairvoyant', 'ours', 'static-peak']) {
          expect(keys).toContain(`${share} ${delay} ${policy}`);
        }
      }
    }
    for (const row of rows) {
      expect(row.trace).toBe('tiny');
      expect(row.hours).toBeGreaterThan(0);
      expect(row.overClairvoyant).toBeGreaterThanOrEqual(1);
    }
    const page = readFileSync(join(out, 'pareto.html'), 'utf8');
    expect(page).toContain('<b>ours 1.');
    expect(page).not.toMatch(/NaN|undefined|https?:/);
    expect(readFileSync(run('second').json, 'utf8')).toBe(text);
  });

  it('refuses wrong usage and unreadable files on one line', { timeout: 60_000 }, () => {
    const wrong = bench('--sizes', '0');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toMatch(/^foreshard: .*'0' is invalid.*whole number from 1 to 1000, got "0".*\n$/);
    const missing = bench('--load', join(dir, 'none.csv'));
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/^foreshard: .*none\.csv.*\n$/);
  });
});
