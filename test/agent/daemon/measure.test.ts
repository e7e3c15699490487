import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Measure } from '../../../agent/measure.ts';
import { ManualClock } from '../manual-clock.ts';

let proc: string;

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'foreshard-proc-'));
});
afterEach(() => rmSync(proc, { recursive: true, force: true }));

/** @param busy ms that the disk was busy */
function machine({
  user = 0,
  idle = 0,
  iowait = 0,
  guest = 0,
  free = 750,
  busy = 0,
  name = 'nvme0n1',
}): void {
  writeFileSync(join(proc, 'stat'), `cpu  ${user} 0 0 ${idle} ${iowait} 0 0 0 ${guest} 0\ncpu0 1 2 3 4\n`);
  writeFileSync(join(proc, 'meminfo'), `MemTotal:   1000 kB\nMemFree:  10 kB\nMemAvailable:  ${free} kB\n`);
  const row = (disk: string, ms: number) => `   8   0 ${disk} 1 2 3 4 5 6 7 8 9 ${ms} 11 0 0 0 0 0 0`;
  writeFileSync(
    join(proc, 'diskstats'),
    `${row('loop0', 99_999)}\n${row(name, busy)}\n${row('nvme0n1p1', 99_999)}\n`,
  );
}

describe('what is in use', () => {
  it('is shares of 1 since the last look; the first one knows the memory alone', async () => {
    const clock = new ManualClock();
    const measure = new Measure(clock, proc);
    machine({ user: 1000, idle: 1000 });
    expect(await measure.look()).toEqual({ memory: 0.25 });
    await clock.pass(10);
    machine({ user: 1300, idle: 1600, iowait: 100, guest: 500, free: 100, busy: 2500 });
    const seen = await measure.look();
    expect(seen.cpu).toBeCloseTo(0.3);
    expect(seen.memory).toBeCloseTo(0.9);
    expect(seen.io).toBeCloseTo(0.25);
  });

  it('stays within 1, and takes a disk that has just come for idle', async () => {
    const clock = new ManualClock();
    const measure = new Measure(clock, proc);
    machine({});
    await measure.look();
    await clock.pass(1);
    machine({ user: 10, busy: 5000 });
    expect(await measure.look()).toMatchObject({ cpu: 1, io: 1 });
    await clock.pass(1);
    machine({ user: 10, busy: 9000, name: 'xvdf' });
    const seen = await measure.look();
    expect(seen.io).toBe(0);
    expect(seen).not.toHaveProperty('cpu');
  });

  it('reads this machine', async () => {
    const { memory } = await new Measure(new ManualClock()).look();
    expect(memory).toBeGreaterThan(0);
    expect(memory).toBeLessThanOrEqual(1);
  });
});
