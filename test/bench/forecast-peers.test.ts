import { appendFileSync, chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Case } from '../../bench/forecast/answers.ts';
import { idsOf, Kept } from '../../bench/forecast/kept.ts';
import { askPeers } from '../../bench/forecast/peers.ts';
import { readSets } from '../../bench/forecast/sets.ts';
import { MODELS, MODELS_REVISION, runModels } from '../../bench/forecast/statsforecast.ts';
import { HOUR } from '../../core/time.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'bench-forecast-'));
const one: Case = {
  series: {
    ...{ set: 'made', name: 's', step: HOUR, start: 0, horizons: [1, 24] },
    values: Float64Array.from({ length: 300 }, (_, i) => i % 24),
    others: { before: 0, values: new Float64Array(300).fill(Number.NaN) },
  },
  origins: [100, 200],
};
const changed = (at: number): Case => {
  const values = one.series.values.slice();
  values[at]! += 1;
  return { ...one, series: { ...one.series, values } };
};

/** Stands in for Python: reads what it is asked and does as the shell script says. */
function python(script: string): string {
  const path = join(folder(), 'python');
  writeFileSync(path, `#!/bin/sh\ncat > "$0.asked"\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('idsOf', () => {
  it('depends on every value up to the origin and on none after it', () => {
    const [first, second] = idsOf('p', one);
    expect(idsOf('p', changed(250))).toEqual([first, second]);
    expect(idsOf('p', changed(150))[0]).toBe(first);
    expect(idsOf('p', changed(150))[1]).not.toBe(second);
    expect(idsOf('p', changed(3))[0]).not.toBe(first);
    expect(idsOf('q', one)[0]).not.toBe(first);
  });
});

describe('Kept', () => {
  it('gives back what was added, in a later run too, and passes over half a line', () => {
    const path = join(folder(), 'deep', 'kept.jsonl');
    new Kept(path).add({ id: 'a', quantiles: [[1, 2, 3, 4, 5]] });
    appendFileSync(path, '{"id":"b","quan');
    const later = new Kept(path);
    expect(later.get('a')?.quantiles).toEqual([[1, 2, 3, 4, 5]]);
    expect(later.get('b')).toBeUndefined();
  });
});

describe('runModels', () => {
  const jobs = [{ id: 'a', peer: 'Naive', series: 0, origin: 100 }] as const;

  it('takes each answer', async () => {
    const lines: unknown[] = [];
    const answering = python(`echo '{"id":"a","quantiles":[[1,2,3,4,5]],"seconds":0.5}'`);
    await runModels(answering, [one], jobs, 2, (line) => lines.push(line));
    expect(lines).toEqual([{ id: 'a', quantiles: [[1, 2, 3, 4, 5]], seconds: 0.5 }]);
  });

  it('says why a process failed', async () => {
    const failing = python('echo "No module named statsforecast" >&2; exit 3');
    const run = runModels(failing, [one], jobs, 1, () => undefined);
    await expect(run).rejects.toThrow('peers.py ended with code 3: No module named statsforecast');
  });
});

describe('askPeers', () => {
  const onProgress = () => undefined;

  it('has no answers without Python, and asks for none that is kept', async () => {
    const kept = join(folder(), 'kept.jsonl');
    const nobody = await askPeers([one], { python: undefined, kept, onProgress });
    expect(nobody.flatMap(({ cases }) => cases.flat()).every((answer) => answer === undefined)).toBe(true);
    const store = new Kept(kept);
    const quantiles = [[1, 2, 3, 4, 5]];
    for (const model of MODELS)
      for (const id of idsOf(`${MODELS_REVISION}|${model}`, one)) store.add({ id, quantiles });
    const answers = await askPeers([one], { python: python('exit 9'), kept, onProgress });
    expect(answers.find(({ forecaster }) => forecaster === 'AutoETS')?.cases).toEqual([
      [quantiles, quantiles],
    ]);
  });

  it('leaves a weekly season out where there is no week', async () => {
    const kept = join(folder(), 'kept.jsonl');
    const answers = await askPeers([one], { python: undefined, kept, onProgress });
    expect(answers.find(({ forecaster }) => forecaster === 'SeasonalNaive week')?.cases).toEqual([[]]);
  });
});

describe('readSets', () => {
  it('takes large and small series from first to last value, and numbers names that come twice', async () => {
    const path = join(folder(), 'shop.csv');
    const rows = Array.from({ length: 24 * 6 }, (_, i) => {
      const stamp = new Date(Date.UTC(2026, 0, 5, i)).toISOString();
      return `${stamp},${i < 10 ? '' : i % 24},${1000 + i},0,${i < 100 ? '' : 7}`;
    });
    writeFileSync(path, `time,small,large,silent,short\n${rows.join('\n')}\n`);
    const [first, second] = await readSets([path, path], 5);
    expect(first!.map(({ name }) => name)).toEqual(['large', 'small']);
    expect(first![1]).toMatchObject({ set: 'shop', step: HOUR, start: Date.UTC(2026, 0, 5, 10) / 1000 });
    expect(first![1]!.values).toHaveLength(24 * 6 - 10);
    expect(first![0]!.horizons).toEqual([1, 24]);
    expect(second!.map(({ set }) => set)).toEqual(['shop (2)', 'shop (2)']);
  });
});
