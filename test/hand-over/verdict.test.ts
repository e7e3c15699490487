import { describe, expect, it } from 'vitest';
import { isSilent, passedTo, verdictOf } from '../../core/hand-over/verdict.ts';
import { AT, handOverOf, slotsOf } from './slots-seen.ts';

const alive = { leaseUntil: AT + 20 };
const dead = (ago: number) => ({ leaseUntil: AT - ago });
const both = [
  { slot: 0, epoch: 1 },
  { slot: 1, epoch: 1 },
];
const ask = (
  changes: Parameters<typeof handOverOf>[2],
  holders: readonly (number | undefined)[] = [0, 0],
  source: Parameters<typeof verdictOf>[0]['source'] | 'unheard' = alive,
  by = AT + 60,
) =>
  verdictOf(
    {
      handOver: handOverOf(0, 1, { slots: both, ...changes }),
      slots: slotsOf(...holders),
      source: source === 'unheard' ? undefined : source,
      by,
    },
    AT,
  );

describe('how a hand-over stands', () => {
  it.each([
    ['is under way', {}, [0, 0], alive, 'again'],
    ['has passed the slots, whatever its record says', { phase: 'failed' }, [1, 1], alive, 'done'],
    ['has passed them before its end was written', { phase: 'switching' }, [1, 1], dead(100), 'done'],
    ['has passed them, and its target does not serve yet', { phase: 'switching' }, [1, 1], alive, 'again'],
    ['has passed a part of them', { phase: 'switching' }, [1, 0], alive, 'again'],
    ['is over, and has passed a part of them', { phase: 'done' }, [1, 0], alive, 'failed'],
    ['copies, and its source has just fallen silent', {}, [0, 0], dead(4), 'again'],
    ['copies, and its source is silent', {}, [0, 0], dead(5), 'failed'],
    ['was never picked up', { phase: 'open' }, [0, 0], 'unheard', 'failed'],
    ['switches, and its target may take over', { phase: 'switching' }, [0, 0], dead(34), 'again'],
    ['switches, and its target has not', { phase: 'switching' }, [0, 0], dead(35), 'failed'],
  ] as const)('%s', (_, changes, holders, source, kind) => {
    expect(ask(changes, holders, source).kind).toBe(kind);
  });

  it('is done when the target serves what it was passed, though nobody has said so', () => {
    const slots = slotsOf(1, 1).map((slot) => ({ ...slot, epoch: 3 }));
    const handOver = handOverOf(0, 1, { slots: both, phase: 'switching' });
    expect(verdictOf({ handOver, slots, source: alive, by: AT + 60 }, AT).kind).toBe('done');
    expect(verdictOf({ handOver, slots: slotsOf(1, 1), source: alive, by: AT }, AT).kind).toBe('done');
  });

  it('does not fail at its deadline once it switches: its target may have everything', () => {
    expect(ask({ phase: 'switching' }, [0, 0], alive, AT - 1).kind).toBe('again');
    expect(ask({ phase: 'switching' }, [0, 0], dead(34), AT - 1).kind).toBe('again');
    expect(ask({ phase: 'switching' }, [0, 0], dead(35), AT - 1).kind).toBe('failed');
  });

  it.each(['open', 'copying'] as const)('fails at once when it is %s and its target is silent', (phase) => {
    const handOver = handOverOf(0, 1, { slots: both, phase });
    const followed = { handOver, slots: slotsOf(0, 0), source: alive, by: AT + 60 };
    expect(verdictOf({ ...followed, target: dead(5) }, AT)).toEqual({
      kind: 'failed',
      error: 'the agent of i-1:8080 is silent',
    });
    expect(verdictOf({ ...followed, target: dead(4) }, AT).kind).toBe('again');
  });

  it('says why it has failed', () => {
    expect(ask({ phase: 'failed', error: 'disk full' })).toEqual({ kind: 'failed', error: 'disk full' });
    expect(ask({ phase: 'done' }, [1, 0])).toEqual({
      kind: 'failed',
      error: 'done, and 1 of 2 slots were not handed over',
    });
    expect(ask({}, [0, 0], alive, AT)).toEqual({ kind: 'failed', error: 'deadline' });
    expect(ask({}, [0, 0], dead(9))).toMatchObject({ error: 'the agent of i-0:8080 is silent' });
  });

  it('names the slots that its target holds', () => {
    expect(passedTo({ handOver: handOverOf(0, 1, { slots: both }), slots: slotsOf(1, 0) })).toEqual([0]);
  });

  it('counts a lease as over some seconds after its end', () => {
    expect([isSilent(dead(4.9), AT), isSilent(dead(5), AT), isSilent(undefined, AT)]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
