import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crossingsOf, thresholds } from '../../bench/forecast/emergence.ts';
import { hoursOf, judge, measureProposals } from '../../bench/forecast/proposals.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { HOUR } from '../../core/time.ts';

/** Loads of a key over ten days of hours. */
const key = (load: (hour: number) => number) => Array.from({ length: 240 }, (_, hour) => load(hour));
const REST = Array.from({ length: 9 }, () => key(() => 9));

describe('crossings', () => {
  const found = (load: (hour: number) => number) => {
    const hours = [key(load), ...REST];
    return crossingsOf(hours, thresholds(hours, 0.2))
      .filter(({ key }) => key === 0)
      .map(({ hour }) => hour);
  };

  it('begin where a key has the load and keeps it up for six hours', () => {
    expect(found((hour) => (hour >= 100 ? 40 : 1))).toEqual([100]);
    expect(found((hour) => (hour >= 100 && hour < 106 ? 40 : 1))).toEqual([100]);
    expect(found((hour) => (hour >= 100 && hour < 102 ? 40 : 1))).toEqual([]);
  });

  it('are none where it was large on the first day, or within the week before', () => {
    expect(found(() => 60)).toEqual([]);
    expect(found((hour) => (hour < 60 || hour >= 160 ? 60 : 1))).toEqual([]);
    expect(found((hour) => ((hour >= 30 && hour < 40) || hour >= 100 ? 60 : 1))).toEqual([30]);
  });
});

describe('the figures of proposals', () => {
  it('count what was proposed before, what came to nothing, and what was missed', () => {
    const growing = key((hour) => 0.5 * 2 ** (hour / 24));
    const fading = key((hour) => (hour === 100 ? 60 : 1));
    const { row, leads } = judge('made', [growing, fading, ...REST], 0.2);
    expect(row).toMatchObject({ set: 'made', keys: 11, crossings: 1, proposed: 1, proposals: 1, right: 1 });
    expect(leads).toEqual([row.leadMinutes]);
    expect(row.leadMinutes).toBeGreaterThanOrEqual(6 * 60);
    expect(judge('none', REST, 0.2).row).toMatchObject({ crossings: 0, proposals: 0, leadMinutes: 0 });
  });

  it('are numbers also where a trace has no keys, and read from files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'foreshard-proposals-'));
    try {
      const rows = Array.from({ length: 240 }, (_, hour) =>
        [formatStamp(1_767_571_200 + hour * HOUR), hour >= 150 ? 20 : 1, 9, 9, 9, 9, 9].join(','),
      );
      const [many, few] = [join(folder, 'many.csv'), join(folder, 'few.csv')];
      writeFileSync(many, `time,a,b,c,d,e,f\n${rows.join('\n')}\n`);
      writeFileSync(few, `time,a\n${rows.map((row) => row.split(',', 2).join(',')).join('\n')}\n`);
      const all = await measureProposals([many, few]);
      expect(all.rows.map(({ set }) => set)).toEqual(['many']);
      expect(all).toMatchObject({ proposalRecall: 1, proposalPrecision: 1 });
      expect(all.proposalLeadMinutes).toBeLessThan(0);
      expect(await measureProposals([few])).toMatchObject({
        proposalRecall: 0,
        proposalLeadMinutes: 0,
        rows: [],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are of hourly means, with nothing for what is missing', () => {
    const values = [Float64Array.of(1, 3, Number.NaN, 5, Number.NaN, Number.NaN, 9, 9)];
    expect(hoursOf({ step: 1800, values })).toEqual([[2, 5, 0, 9]]);
    expect(hoursOf({ step: 1800, values }, 0.5)).toEqual([[2, 5]]);
  });
});
