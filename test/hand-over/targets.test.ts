import { describe, expect, it } from 'vitest';
import { targetsFor } from '../../core/hand-over/targets.ts';
import type { StoredSlice } from '../../core/ports.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { AT, activeIn, agentOf, instanceOf, serving, sliceOf, slotsOf, storedOf } from './slots-seen.ts';

const ready: Placement = { kind: 'ready', since: 0 };
const reserved = (shard: string, ...also: string[]): Placement => ({
  kind: 'reserved',
  since: 0,
  shard,
  ...(also.length > 0 && { also }),
  until: AT + 60,
});

/** The source is `i-0` and has four slots; the others are as given, and their agents beat. */
function ask(others: readonly Placement[], change: (seen: ReturnType<typeof serving>) => unknown = () => {}) {
  const seen = serving(others.length + 1);
  for (const [i, placement] of others.entries()) seen.slices.set(sliceOf(i + 1), storedOf(i + 1, placement));
  change(seen);
  const slots = slotsOf(0, 0, 0, 0);
  return targetsFor(
    {
      shard: 'a',
      source: sliceOf(0),
      kinds: ['reserved', 'ready', 'active'],
      slots,
      wanted: slots,
      slices: [...seen.slices.values()] as StoredSlice[],
      instances: [...seen.instances.values()],
      agents: [...seen.agents.values()],
    },
    AT,
  ).map(({ slice, slots }) => [slice, slots.map(({ slot }) => slot).join('')]);
}

describe('targets', () => {
  it('are reserves first, then ready slices, then those that serve the shard', () => {
    expect(ask([activeIn('a'), ready, reserved('a')])).toEqual([
      [sliceOf(3), '0123'],
      [sliceOf(2), '0123'],
      [sliceOf(1), '0123'],
    ]);
  });

  it('are a shard’s own reserves before those that it shares, and none of others', () => {
    expect(ask([reserved('b', 'a'), reserved('b'), reserved('a', 'b'), reserved('a')])).toEqual([
      [sliceOf(4), '0123'],
      [sliceOf(3), '0123'],
      [sliceOf(1), '0123'],
    ]);
  });

  it('are in another Spot pool first, and then in the same zone', () => {
    const spot = { group: 'spot' } as const;
    const result = ask([ready, ready, ready], ({ instances }) => {
      instances.set('i-0', instanceOf(0, spot));
      instances.set('i-1', instanceOf(1, spot));
      instances.set('i-2', instanceOf(2, { ...spot, zone: 'b' }));
    });
    expect(result.map(([slice]) => slice)).toEqual([sliceOf(3), sliceOf(2), sliceOf(1)]);
  });

  it('that serve the shard get what makes them even', () => {
    expect(ask([activeIn('a'), activeIn('a'), activeIn('b')])).toEqual([
      [sliceOf(1), '02'],
      [sliceOf(2), '13'],
    ]);
  });

  it.each([
    [
      'its agent is silent',
      (s: ReturnType<typeof serving>) => s.agents.set('i-1', agentOf(1, { leaseUntil: AT })),
    ],
    [
      'Spot wants its instance',
      (s: ReturnType<typeof serving>) => s.agents.set('i-1', agentOf(1, { rebalanceAt: AT })),
    ],
    ['its instance does not run', (s: ReturnType<typeof serving>) => s.instances.delete('i-1')],
    [
      'a workflow holds it',
      (s: ReturnType<typeof serving>) => s.slices.set(sliceOf(1), storedOf(1, reserved('a'), 'move/m')),
    ],
  ])('is none where %s', (_, change) => {
    expect(ask([reserved('a')], change)).toEqual([]);
  });
});
