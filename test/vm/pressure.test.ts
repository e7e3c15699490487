import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AT_EASE, inOrder, type PressureState, underPressure } from '../../core/vm/pressure.ts';
import { STEPS } from '../../core/vm/shard.ts';
import { allocated, policyOf, shard } from './stage.ts';

const { shards } = allocated([
  shard('a', { priority: 1 }),
  shard('b', { priority: 2 }),
  shard('c', { priority: 3 }),
]);
const policy = policyOf({ settle: 10, relief: 60 });
const HIGH = 0.99;
const LOW = 0.5;

/** Looks every 2 s, and what was done. */
function play(
  parts: readonly { readonly used: number; readonly seconds: number; readonly stalled?: number }[],
  { order = [] as readonly string[], ...some }: Partial<typeof policy> & { order?: readonly string[] } = {},
) {
  let state: PressureState = AT_EASE;
  let at = 1000;
  const done: string[] = [];
  for (const { used, seconds, stalled = 0 } of parts)
    for (let s = 0; s < seconds; s += 2) {
      const next = underPressure(state, { at, used, stalled }, shards, order, { ...policy, ...some });
      if (next.act) done.push(`${next.act.undo ? 'undo ' : ''}${next.act.step} ${next.act.shardID}`);
      state = next.state;
      at += 2;
    }
  return { done, state };
}

describe('under pressure', () => {
  it('the first of the order is frozen, shrunk, evicted, then the next one, each with time to help', () => {
    expect(play([{ used: HIGH, seconds: 10 }], { order: ['b', 'a'] }).done).toEqual(['freeze b']);
    expect(play([{ used: HIGH, seconds: 50 }], { order: ['b', 'a'] }).done).toEqual([
      'freeze b',
      'shrink b',
      'evict b',
      'freeze a',
      'shrink a',
    ]);
  });

  it('what is missing in the order comes last, by priority', () => {
    expect(inOrder(shards, ['c']).map(({ shardID }) => shardID)).toEqual(['c', 'a', 'b']);
  });

  it('waiting for memory counts as well as having none', () => {
    expect(play([{ used: LOW, stalled: 0.3, seconds: 4 }]).done).toEqual(['freeze a']);
  });

  it('only what the policy allows is done, and to whom', () => {
    const long = [{ used: HIGH, seconds: 300 }];
    expect(play(long, { steps: ['evict'], protectFrom: 3 }).done).toEqual(['evict a', 'evict b']);
    expect(play(long, { protectFrom: 0 }).done).toEqual([]);
  });

  it('steps are taken back when it is over, last one first; what was evicted begins anew', () => {
    const { done, state } = play([
      { used: HIGH, seconds: 40 },
      { used: LOW, seconds: 400 },
    ]);
    expect(done).toEqual(['freeze a', 'shrink a', 'evict a', 'freeze b', 'undo freeze b', 'undo evict a']);
    expect(state).toEqual({ taken: [] });
  });

  it('is not over at the first look without it', () => {
    const { done } = play([
      { used: HIGH, seconds: 2 },
      { used: LOW, seconds: 50 },
      { used: HIGH, seconds: 2 },
    ]);
    expect(done).toEqual(['freeze a', 'shrink a']);
  });

  it('what moves or leaves is left alone', () => {
    for (const state of ['moving', 'freezing', 'frozen', 'removing', 'removed'] as const) {
      const some = shards.map((one) => (one.shardID === 'a' ? { ...one, state } : one));
      const next = underPressure(AT_EASE, { at: 0, used: HIGH }, some, [], policy);
      expect(next.act?.shardID).toBe('b');
    }
  });

  it('nothing is ever done twice, whatever comes, and all of it is taken back in the end', () => {
    const part = fc.record({ used: fc.constantFrom(HIGH, LOW), seconds: fc.integer({ min: 2, max: 120 }) });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.subarray([...STEPS]), (parts, steps) => {
        const { done, state } = play([...parts, { used: LOW, seconds: 1200 }], { steps });
        expect(state.taken).toEqual([]);
        const held = new Set<string>();
        for (const one of done) {
          const [step = '', id = ''] = one.replace('undo ', '').split(' ');
          if (!one.startsWith('undo')) {
            expect(held.has(`${step} ${id}`)).toBe(false);
            held.add(`${step} ${id}`);
          } else if (step === 'evict') for (const each of STEPS) held.delete(`${each} ${id}`);
          else held.delete(`${step} ${id}`);
        }
        expect([...held]).toEqual([]);
      }),
    );
  });
});
