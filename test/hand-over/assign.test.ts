import { describe, expect, it } from 'vitest';
import { assignSlots } from '../../core/hand-over/assign.ts';
import type { SlotHolder } from '../../core/hand-over/slots.ts';
import {
  AT,
  activeIn,
  agentOf,
  handOverOf,
  instanceOf,
  serving,
  sliceOf,
  slotsOf,
  storedOf,
} from './slots-seen.ts';

const A = { name: 'a', mode: 'active' } as const;
const run = (
  slots: readonly SlotHolder[],
  seen: ReturnType<typeof serving>,
  shard: typeof A | { name: 'a'; mode: 'hold' } = A,
) => assignSlots(shard, slots, seen);
const given = ({ give }: ReturnType<typeof run>) => give.map(({ seen, to }) => [seen.slot, to]);

describe('slots that nobody holds', () => {
  it('go to those that serve the shard, evenly', () => {
    const result = run(slotsOf(undefined, undefined, undefined, undefined), serving(2));
    expect(given(result)).toEqual([
      [0, sliceOf(0)],
      [1, sliceOf(1)],
      [2, sliceOf(0)],
      [3, sliceOf(1)],
    ]);
    expect(result.give.every(({ lost }) => lost === undefined)).toBe(true);
  });

  it('go to who has the fewest', () => {
    expect(given(run(slotsOf(0, 0, undefined), serving(2)))).toEqual([[2, sliceOf(1)]]);
  });

  it.each([
    ['whose agent was never heard of', (s: Seen) => s.agents.delete('i-1')],
    ['whose lease is over', (s: Seen) => s.agents.set('i-1', agentOf(1, { shard: 'a', leaseUntil: AT }))],
    ['whose agent is not in the shard yet', (s: Seen) => s.agents.set('i-1', agentOf(1))],
    [
      'whose agent has the notice',
      (s: Seen) => s.agents.set('i-1', agentOf(1, { shard: 'a', noticeAt: AT })),
    ],
    ['that a workflow holds', (s: Seen) => s.slices.set(sliceOf(1), storedOf(1, activeIn('a'), 'move/m'))],
    ['that serves another shard', (s: Seen) => s.slices.set(sliceOf(1), storedOf(1, activeIn('b')))],
    [
      'whose instance is to be left',
      (s: Seen) => s.instances.set('i-1', instanceOf(1, { rebalanceAt: AT } as never)),
    ],
    [
      'whose instance is interrupted',
      (s: Seen) =>
        s.instances.set('i-1', instanceOf(1, { state: 'interrupted', deadline: AT + 100 } as never)),
    ],
    [
      'that is handing over',
      (s: Seen) => {
        s.handOvers = [handOverOf(1, 0)];
      },
    ],
  ] as readonly (readonly [string, (s: Seen) => unknown])[])('go to nobody %s', (_, change) => {
    const seen = serving(2);
    change(seen);
    expect(given(run(slotsOf(undefined, undefined), seen))).toEqual([
      [0, sliceOf(0)],
      [1, sliceOf(0)],
    ]);
  });

  it('stay where they are when nobody can take them', () => {
    expect(run(slotsOf(undefined), serving(0)).give).toEqual([]);
  });
});

type Seen = ReturnType<typeof serving>;

describe('slots of a holder that is gone', () => {
  it.each([
    [
      'its lease ended',
      (s: Seen) => s.agents.set('i-2', agentOf(2, { leaseUntil: AT - 5 })),
      'the lease of i-2 ended',
    ],
    [
      'EC2 has stopped it',
      (s: Seen) => s.instances.set('i-2', instanceOf(2, { state: 'warm' })),
      'instance i-2 is warm',
    ],
    [
      'EC2 has ended it',
      (s: Seen) => s.instances.set('i-2', instanceOf(2, { state: 'retired', why: 'interrupted' } as never)),
      'instance i-2 is retired',
    ],
    [
      'its agent has left the shard',
      (s: Seen) => {
        s.slices.set(sliceOf(2), storedOf(2, { kind: 'ready', since: 0 }));
        s.agents.set('i-2', agentOf(2));
      },
      'has left the shard',
    ],
  ] as readonly (readonly [string, (s: Seen) => unknown, string])[])(
    'are passed on where %s, and it is said',
    (_, change, why) => {
      const seen = serving(3);
      change(seen);
      const { give } = run(slotsOf(0, 1, 2), seen);
      expect(give).toMatchObject([
        { seen: { slot: 2, holder: sliceOf(2) }, lost: expect.stringContaining(why) },
      ]);
    },
  );

  it.each([
    [
      'its lease has just ended: clocks differ',
      (s: Seen) => s.agents.set('i-2', agentOf(2, { leaseUntil: AT - 4 })),
    ],
    ['it is not listed, and its lease lasts', (s: Seen) => s.instances.delete('i-2')],
    [
      'it leaves its shard, and still serves',
      (s: Seen) => s.slices.set(sliceOf(2), storedOf(2, { kind: 'draining', since: 0, shard: 'a' })),
    ],
    [
      'it is out of the store, and its agent is not out of the shard',
      (s: Seen) => s.slices.delete(sliceOf(2)),
    ],
    [
      'its target may have everything',
      (s: Seen) => {
        s.agents.set('i-2', agentOf(2, { leaseUntil: AT - 20 }));
        s.handOvers = [handOverOf(2, 0, { phase: 'switching' })];
      },
    ],
  ] as readonly (readonly [string, (s: Seen) => unknown])[])('stay where %s', (_, change) => {
    const seen = serving(3);
    change(seen);
    expect(run(slotsOf(0, 1, 2), seen).give).toEqual([]);
  });

  it('are passed on where its target has not taken them in time', () => {
    const seen = serving(3);
    seen.agents.set('i-2', agentOf(2, { leaseUntil: AT - 36 }));
    seen.handOvers = [handOverOf(2, 0, { phase: 'switching' })];
    expect(run(slotsOf(0, 1, 2), seen).give).toHaveLength(1);
  });

  it('stay where most agents are silent at once: that says nothing of any of them', () => {
    const seen = serving(3);
    for (const i of [1, 2]) seen.agents.set(`i-${i}`, agentOf(i, { shard: 'a', leaseUntil: AT - 100 }));
    expect(run(slotsOf(0, 1, 2), seen).give).toEqual([]);
    // What EC2 says holds all the same.
    seen.instances.set('i-2', instanceOf(2, { state: 'retired', why: 'failed' } as never));
    seen.instances.set('i-1', instanceOf(1, { state: 'retired', why: 'failed' } as never));
    expect(given(run(slotsOf(0, 1, 2), seen))).toEqual([
      [1, sliceOf(0)],
      [2, sliceOf(0)],
    ]);
  });
});

describe('evenness', () => {
  it('the fullest hands half of the difference to the emptiest', () => {
    expect(run(slotsOf(0, 0, 0, 0, 1), serving(3)).even).toEqual({
      source: sliceOf(0),
      target: sliceOf(2),
      slots: [2, 3],
    });
  });

  it.each([
    ['a difference of one is even', slotsOf(0, 0, 1), serving(2), A],
    ['in hold nothing is moved', slotsOf(0, 0, 0), serving(2), { name: 'a', mode: 'hold' }],
    ['one hand-over is under way', slotsOf(0, 0, 0), { ...serving(3), handOvers: [handOverOf(0, 1)] }, A],
    [
      'it has failed of late',
      slotsOf(0, 0, 0),
      { ...serving(2), handOvers: [handOverOf(0, 1, { phase: 'failed' })] },
      A,
    ],
  ] as const)('%s', (_, slots, seen, shard) => {
    expect(run(slots, seen, shard).even).toBeUndefined();
  });
});

describe('a slice that took over and was left half-way', () => {
  const reserved = { kind: 'reserved', since: 0, shard: 'b', also: ['a'], until: AT + 9 } as const;
  it.each([
    ['reserved', storedOf(1, reserved), true],
    ['ready', storedOf(1, { kind: 'ready', since: 0 }), true],
    ['activating', storedOf(1, { kind: 'activating', since: 0, shard: 'a' }), true],
    ['held by the machine', storedOf(1, reserved, 'hand-over/x'), false],
    ['in another shard', storedOf(1, activeIn('b')), false],
    ['where it should be', storedOf(1, activeIn('a')), false],
  ] as const)('is taken in, or not: %s', (_, stored, yes) => {
    const seen = serving(2);
    seen.slices.set(sliceOf(1), stored);
    expect(run(slotsOf(0, 1), seen).adopt).toEqual(yes ? [sliceOf(1)] : []);
  });

  it('is left to the machine while the hand-over is under way', () => {
    const seen = serving(2);
    seen.slices.set(sliceOf(1), storedOf(1, reserved));
    seen.handOvers = [handOverOf(0, 1, { phase: 'switching' })];
    expect(run(slotsOf(0, 1), seen).adopt).toEqual([]);
  });
});

describe('around a hand-over', () => {
  const stopped = (i: number) => instanceOf(i, { state: 'retired' } as never);

  it('a source that EC2 has ended keeps its slots for the target that may have everything', () => {
    const seen = serving(3);
    seen.handOvers = [handOverOf(0, 1, { phase: 'switching' })];
    seen.instances.set('i-0', stopped(0));
    seen.slices.delete(sliceOf(0));
    expect(run(slotsOf(0, 2), seen).give).toEqual([]);
    seen.agents.set('i-0', agentOf(0, { shard: 'a', leaseUntil: AT - 34 }));
    expect(run(slotsOf(0, 2), seen).give).toEqual([]);
    seen.agents.set('i-0', agentOf(0, { shard: 'a', leaseUntil: AT - 35 }));
    expect(given(run(slotsOf(0, 2), seen))).toEqual([[0, sliceOf(1)]]);
  });

  it('a source that EC2 has ended in the copy does not', () => {
    const seen = serving(3);
    seen.handOvers = [handOverOf(0, 1, { phase: 'copying' })];
    seen.instances.set('i-0', stopped(0));
    expect(run(slotsOf(0, 2), seen).give).toMatchObject([{ lost: 'instance i-0 is retired' }]);
  });

  it.each(['switching', 'done'] as const)(
    'a target whose agent has not said yet that it is in the shard has not left it (%s)',
    (phase) => {
      const seen = serving(3);
      seen.agents.set('i-1', agentOf(1));
      seen.slices.set(sliceOf(1), storedOf(1, { kind: 'ready', since: 0 }));
      seen.handOvers = [handOverOf(0, 1, { phase })];
      expect(run(slotsOf(1, 2), seen).give).toEqual([]);
      seen.handOvers = [handOverOf(0, 1, { phase, at: AT - 61 })];
      expect(run(slotsOf(1, 2), seen).give).toMatchObject([{ lost: 'the agent of i-1 has left the shard' }]);
    },
  );
});
