import { describe, expect, it } from 'vitest';
import type { StoredSlice } from '../../core/ports.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { type StartedMove, underWay } from '../../flows/under-way.ts';

const AT = 1000;
const ready = { kind: 'ready' } as const;
const on = (shard: string) => ({ kind: 'active', shard }) as const;

function shown(placement: Placement, started: Partial<StartedMove['move']>, more: Partial<StartedMove> = {}) {
  const item: StoredSlice = { slice: 'i-1:8080', placement, version: 7 };
  const move = { slice: item.slice, from: ready, to: on('a'), ...started };
  const now = AT + 3;
  return underWay(new Map([[item.slice, item]]), [{ at: AT, move, ...more }], now).get(item.slice);
}

describe('moves that were started', () => {
  it('show where they lead before the store does, on the version that is there', () => {
    expect(shown({ ...ready, since: 5 }, {})).toEqual({
      slice: 'i-1:8080',
      version: 7,
      placement: { kind: 'activating', since: AT, shard: 'a' },
    });
    expect(shown({ ...on('b'), since: 5 }, { from: on('b') })?.placement).toEqual({
      kind: 'draining',
      since: AT,
      shard: 'b',
      to: 'a',
    });
    expect(shown({ ...on('b'), since: 5 }, { from: on('b'), to: ready })?.placement).toEqual({
      kind: 'draining',
      since: AT,
      shard: 'b',
    });
  });

  it('show nothing once they have ended, or once the store shows them', () => {
    for (const outcome of ['done', 'failed', 'lost-claim'])
      expect(shown({ ...ready, since: 5 }, {}, { outcome })).toBeUndefined();
    expect(shown({ kind: 'activating', since: AT + 1, shard: 'a' }, {})).toBeUndefined();
    // It has been there and is back.
    expect(shown({ ...ready, since: AT + 2 }, {})).toBeUndefined();
    expect(shown({ ...on('c'), since: 5 }, { from: on('b') })).toBeUndefined();
  });

  it('show nothing when no workflow can have them any more', () => {
    expect(shown({ ...ready, since: 5 }, {}, { at: AT - 120 })).toBeUndefined();
    expect(underWay(new Map(), [{ at: AT, move: { slice: 'x:1', from: ready, to: on('a') } }], AT).size).toBe(
      0,
    );
  });

  it('of a reservation change nothing that is planned with', () => {
    const to = { kind: 'reserved', shard: 'a', until: AT + 60 } as const;
    expect(shown({ ...ready, since: 5 }, { to })).toBeUndefined();
  });
});
