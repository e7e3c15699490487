import { type GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { KeyTrackers } from '../../adapters/aws/key-trackers.ts';
import { keyCounts } from '../../adapters/aws/reported-keys.ts';
import { parseReport, type Report } from '../../adapters/aws/reported-lines.ts';
import { T0 } from '../world/fixtures.ts';

const line = (minute: number, k: unknown, requests = 600, instance = 'i-1') =>
  JSON.stringify({
    v: 1,
    i: instance,
    t: T0 + minute * 60,
    cpu: 0,
    mem: 0,
    s: [['web', 8080, requests, 1]],
    k,
  });
const report = (...args: Parameters<typeof line>): Report => {
  const parsed = parseReport(line(...args));
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.report;
};

describe('keys in a line', () => {
  it.each<[string, unknown, readonly string[]]>([
    [
      'are read',
      [
        ['web', '/a', 3],
        ['web', 'x.example.com', 2],
      ],
      ['/a', 'x.example.com'],
    ],
    [
      'that are none are left out',
      [
        ['web', 'a*', 3],
        ['web', 'a b', 1],
        ['web', '/ok', 1],
      ],
      ['/ok'],
    ],
    ['that are too long are left out', [['web', 'x'.repeat(65), 3]], []],
    ['without a count are left out', [['web', '/a', -1], ['web', '/b'], '/c', null], []],
    [
      'are twenty at most',
      Array.from({ length: 30 }, (_, i) => ['web', `/${i}`, 1]),
      Array.from({ length: 20 }, (_, i) => `/${i}`),
    ],
    ['may be nonsense', { web: 1 }, []],
  ])('%s; the load is read whatever they are', (_, k, keys) => {
    const read = report(0, k);
    expect(read.slices).toEqual([{ shard: 'web', port: 8080, requests: 600, seconds: 1 }]);
    expect(read.keys!.map(({ key }) => key)).toEqual(keys);
  });
});

describe('counts of keys', () => {
  it('are those of all instances, in spans of five minutes', () => {
    const counts = keyCounts([
      report(0, [['web', '/a', 10]]),
      report(4, [
        ['web', '/a', 5],
        ['web', '/b', 1],
      ]),
      report(4, [['web', '/a', 7]], 900, 'i-2'),
      report(7, undefined),
      report(5, [['web', '/b', 2]]),
    ]);
    expect([...counts.keys()]).toEqual(['web']);
    const spans = counts.get('web')!.map(({ counts: own, ...span }) => ({ ...span, own: [...own] }));
    expect(spans).toEqual([
      {
        from: T0,
        to: T0 + 300,
        total: 2100,
        own: [
          ['/a', 22],
          ['/b', 1],
        ],
      },
      { from: T0 + 300, to: T0 + 600, total: 1200, own: [['/b', 2]] },
    ]);
  });
});

describe('trackers in the bucket', () => {
  it('come back as they were put there; none, and what is damaged, is none', async () => {
    let body: Uint8Array | undefined;
    const send = async (command: unknown) => {
      expect((command as GetObjectCommand).input).toMatchObject({
        Bucket: 'bucket',
        Key: 'proposals/trackers',
      });
      if (command instanceof PutObjectCommand) body = command.input.Body as Uint8Array;
      else if (body === undefined) throw new NoSuchKey({ message: 'none', $metadata: {} });
      else return { Body: { transformToByteArray: async () => body } };
      return {};
    };
    const trackers = new KeyTrackers({ send } as never, 'bucket');
    expect(await trackers.read()).toBeUndefined();
    const states = new Map([
      ['a', Uint8Array.of(1, 2, 3)],
      ['b', new Uint8Array(0)],
    ]);
    await trackers.write(states);
    expect([...(await trackers.read())!].map(([shard, bytes]) => [shard, [...bytes]])).toEqual([
      ['a', [1, 2, 3]],
      ['b', []],
    ]);
    body = body!.subarray(3);
    expect(await trackers.read()).toBeUndefined();
  });
});
