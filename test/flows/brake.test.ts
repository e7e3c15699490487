import { describe, expect, it } from 'vitest';
import { brakes, type RecordedMove } from '../../flows/brake.ts';
import { tick } from '../../flows/tick.ts';
import { move, READY, stage } from './stage.ts';

const moved = (to: RecordedMove['move']['to']) => ({
  at: 0,
  move: { slice: 'i-1:8080', from: { kind: 'ready' } as const, to },
});

const to = (shard: string, outcome?: string, doneAt?: number): RecordedMove => ({
  ...moved({ kind: 'active', shard }),
  ...(outcome !== undefined && { outcome }),
  ...(doneAt !== undefined && { doneAt }),
});
const failed = (count: number, from = 1) =>
  Array.from({ length: count }, (_, i) => to('a', 'failed', from + i));

describe('moves to a shard that keep failing', () => {
  it('are started one at a time from the third failure in a row on', () => {
    expect(brakes(failed(2))).toEqual(new Map());
    expect(brakes(failed(3))).toEqual(new Map([['a', 1]]));
    expect(brakes([...failed(3), to('a', 'lost-claim', 9), to('b', 'done', 2)])).toEqual(new Map([['a', 1]]));
    expect(brakes([...failed(3), to('a')])).toEqual(new Map([['a', 0]]));
  });

  it('are started as planned once one has succeeded', () => {
    expect(brakes([...failed(5), to('a', 'done', 8)])).toEqual(new Map());
    expect(brakes([to('a', 'done', 0.5), ...failed(3)])).toEqual(new Map([['a', 1]]));
  });

  it('that could not begin are no sign of it', () => {
    const unrouted = { ...to('a', 'failed', 1), error: 'claim: shard a has no target group yet' };
    expect(brakes([unrouted, unrouted, unrouted])).toEqual(new Map());
  });

  it('to the pool are no sign of a shard', () => {
    const home: RecordedMove = { ...moved({ kind: 'ready' }), outcome: 'failed', doneAt: 1 };
    expect(brakes([home, home, home])).toEqual(new Map());
  });

  it('are refused by the tick, and the others are not', async () => {
    const world = await stage();
    world.workflows.handlers.set('move', async () => {});
    const planner = (snapshot: { at: number }) =>
      ({
        at: snapshot.at,
        moves: [
          move(READY, { kind: 'ready' }, { kind: 'active', shard: 'a' }),
          { ...move(READY, { kind: 'ready' }, { kind: 'active', shard: 'a' }), id: 'second' },
        ],
        fleet: [],
        findings: [],
        shards: [],
      }) as unknown as ReturnType<Parameters<typeof tick>[2]>;
    const made = await world.clock.settle(
      tick(world.ports, world.settings, planner, new Map(), { brakes: new Map([['a', 1]]) }),
    );
    expect(made.moves).toHaveLength(1);
    expect(made.refused).toMatchObject([
      { what: expect.stringContaining('second'), why: expect.stringContaining('keep failing') },
    ]);
  });
});
