import { describe, expect, it } from 'vitest';
import { readIndicators } from '../../backtest/input/read-indicators.ts';
import { fileOf, messageOf } from './files.ts';

const of = (header: string, ...cells: string[]) =>
  fileOf(`${[header, ...cells.map((row, i) => `2026-01-05T00:0${i}:00Z,${row}`)].join('\n')}\n`);

describe('an indicators file', () => {
  it('has columns for one shard and columns for all', async () => {
    const found = await readIndicators(
      of('time,web/queue,sign-ins,web/eu/queue,other/x', '1,-2,3,4', ',5,6,7'),
      ['web', 'web/eu'],
    );
    expect([...found].map(([shard, series]) => [shard, [...series.keys()]])).toEqual([
      ['web', ['sign-ins', 'other/x', 'queue']],
      ['web/eu', ['sign-ins', 'other/x', 'queue']],
    ]);
    expect(Array.from(found.get('web')!.get('queue')!.values)).toEqual([1, Number.NaN]);
    expect(Array.from(found.get('web/eu')!.get('sign-ins')!.values)).toEqual([-2, 5]);
    expect(Array.from(found.get('web/eu')!.get('queue')!.values)).toEqual([3, 6]);
  });

  it('may say for one shard what another column says for all', async () => {
    for (const header of ['time,web/queue,queue', 'time,queue,web/queue']) {
      const found = await readIndicators(of(header, '1,1', '2,2'), ['web', 'api']);
      expect([...found].map(([, series]) => series.get('queue')!.name)).toEqual(['web/queue', 'queue']);
    }
  });

  it('says what is wrong', async () => {
    const read = (path: string) => readIndicators(path, ['web']);
    expect(await messageOf(read, of('time,a', 'x'))).toBe(
      'FILE:2: column a: got "x", expected a finite number, or an empty cell',
    );
    expect(await messageOf(read, of('time,a,b,c,d,web/e,f', '1,1,1,1,1,1'))).toBe(
      'FILE: got 6 indicators of web, expected at most 5',
    );
    expect(await messageOf(read, of('time,web/other shards', '1'))).toBe(
      'FILE: column web/other shards: got the name other shards, expected another: each shard has it already',
    );
  });
});
