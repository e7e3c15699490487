import { describe, expect, it } from 'vitest';
import { readSpot } from '../../backtest/input/read-spot.ts';
import { interruptionsFrom } from '../../backtest/input/spot.ts';
import { fileOf, messageOf } from './files.ts';

const ZONES = `time,a,b
2026-01-05T00:00:00Z,1,0
2026-01-05T00:10:00Z,0,0
2026-01-05T00:20:00Z,1,1
`;
const FLEETS = `fleet,t_s,event,node
x,0,add,n1
x,0,add,n2
x,0,add,n3
x,0,add,n4
x,100,remove,n1
x,100,add,n5
x,300,remove,n2
x,300,remove,n3
y,0,add,n1
y,50,remove,n1
`;

describe('an availability trace', () => {
  it('keeps the edges of each zone, and lasts one step after its last row', async () => {
    expect(await readSpot(fileOf(ZONES, 'spot.csv'))).toMatchObject({
      kind: 'availability',
      zones: ['a', 'b'],
      initial: [true, false],
      edges: [
        { at: 600, zone: 0, available: false },
        { at: 1200, zone: 0, available: true },
        { at: 1200, zone: 1, available: true },
      ],
      duration: 1800,
    });
  });

  it('is laid from the start, repeated, and cut at the end', async () => {
    const trace = await readSpot(fileOf(ZONES));
    expect(interruptionsFrom(trace, 10_000, 10_000 + 1800 + 700)).toEqual([
      { at: 10_000, kind: 'zone-lost', zone: 'b' },
      { at: 10_600, kind: 'zone-lost', zone: 'a' },
      { at: 11_200, kind: 'zone-back', zone: 'a' },
      { at: 11_200, kind: 'zone-back', zone: 'b' },
      { at: 11_800, kind: 'zone-lost', zone: 'b' },
      { at: 12_400, kind: 'zone-lost', zone: 'a' },
    ]);
    expect(interruptionsFrom(trace, 0, 600)).toEqual([{ at: 0, kind: 'zone-lost', zone: 'b' }]);
    expect(interruptionsFrom(trace, 5, 5)).toEqual([]);
  });
});

describe('a trace of fleet events', () => {
  it('gives the share that went of what ran before, fleet after fleet', async () => {
    expect(await readSpot(fileOf(FLEETS))).toMatchObject({
      kind: 'fleet',
      fleets: ['x', 'y'],
      removals: [
        { at: 100, share: 1 / 4 },
        { at: 300, share: 2 / 4 },
        { at: 350, share: 1 },
      ],
      duration: 350,
    });
  });

  it('is repeated', async () => {
    const at = interruptionsFrom(await readSpot(fileOf(FLEETS)), 1000, 1700).map((event) => event.at - 1000);
    expect(at).toEqual([100, 300, 350, 450, 650]);
  });
});

describe('a wrong Spot trace', () => {
  const cases: readonly [what: string, text: string, message: string][] = [
    ['a price', ZONES.replace(',0,0', ',0,1.67'), 'FILE:3: column b: got "1.67", expected 0 or 1'],
    ['a missing cell', ZONES.replace(',0,0', ',,0'), 'FILE:3: column a: got "", expected 0 or 1'],
    [
      'time going back',
      ZONES.replace('00:20', '00:10'),
      'FILE:4: column time: got "2026-01-05T00:10:00Z", expected a later time than the row before',
    ],
    ['one row', 'time,a\n2026-01-05,1\n', 'FILE: got no two different times, expected a trace that lasts'],
    ['no row', 'time,a\n', 'FILE: got no two different times, expected a trace that lasts'],
    [
      'another header',
      'a,b\n1,2\n',
      'FILE:1: got columns "a", "b", expected time and one per zone, or fleet,t_s,event,node',
    ],
    [
      'an unknown event',
      FLEETS.replace('100,add', '100,join'),
      'FILE:7: column event: got "join", expected add or remove',
    ],
    [
      'a node that is not there',
      FLEETS.replace('300,remove,n2', '300,remove,n9'),
      'FILE:8: column node: got "n9", expected one that is in the fleet',
    ],
    [
      'a node that is there',
      FLEETS.replace('100,add,n5', '100,add,n2'),
      'FILE:7: column node: got "n2", expected one that is not in the fleet',
    ],
    [
      'a negative time',
      FLEETS.replace('x,0,add,n1', 'x,-1,add,n1'),
      'FILE:2: column t_s: got "-1", expected seconds of at least 0',
    ],
    [
      'an earlier event',
      FLEETS.replace('x,300,remove,n3', 'x,200,remove,n3'),
      'FILE:9: column t_s: got "200", expected at least 300, as the row before of fleet x',
    ],
  ];

  it.each(cases)('%s', async (_, text, message) => {
    expect(await messageOf(readSpot, fileOf(text))).toBe(message);
  });
});
