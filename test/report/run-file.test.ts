import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRun, writeRun } from '../../backtest/report/run-file.ts';
import { syntheticRun } from './fixture.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'foreshard-run-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('run file', () => {
  it('comes back the same, missing load included', () => {
    const run = syntheticRun({ shards: 2, steps: 50 });
    run.shards[0]!.load[7] = Number.NaN;
    writeRun(join(dir, 'new', 'deep'), run);
    expect(readRun(join(dir, 'new', 'deep'))).toEqual(run);
  });

  it('has the same bytes for the same run', () => {
    writeRun(join(dir, 'a'), syntheticRun({ steps: 20 }));
    writeRun(join(dir, 'b'), syntheticRun({ steps: 20 }));
    const bytes = ['a', 'b'].map((name) => readFileSync(join(dir, name, 'run.json.gz')));
    expect(bytes[0]!.equals(bytes[1]!)).toBe(true);
  });

  const shard = (changed: object) => {
    const run = syntheticRun({ shards: 1, steps: 5 });
    return gzipSync(JSON.stringify({ ...run, shards: [{ ...run.shards[0], ...changed }] }));
  };
  it.each([
    ['nothing there', undefined, /^cannot read .*run\.json\.gz \(ENOENT\): expected the --out directory/],
    ['not gzip', Buffer.from('hello'), /run\.json\.gz: not a whole gzip file \(/],
    ['cut off', gzipSync('{"version":1}').subarray(0, 15), /not a whole gzip file/],
    ['not JSON', gzipSync('{"version":'), /not JSON \(/],
    ['another version', gzipSync('{"version":2}'), /version must be 1, got 2$/],
    ['null', gzipSync('null'), /version must be 1, got undefined$/],
    ['no fleet', gzipSync('{"version":1}'), /fleet\.active must be an array, got undefined$/],
    ['a series too short', shard({ q90: [1] }), /shards\.checkout\.q90 must have 5 values .*, got 1$/],
    [
      'a series missing',
      shard({ unmet: undefined }),
      /shards\.checkout\.unmet must be an array, got undefined$/,
    ],
  ])('%s: one line that says so', (_, bytes, message) => {
    if (bytes !== undefined) writeFileSync(join(dir, 'run.json.gz'), bytes);
    expect(() => readRun(dir)).toThrow(message);
    try {
      readRun(dir);
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });
});
