import fc from 'fast-check';
import { expect, it } from 'vitest';
import { VirtualClock } from '../../backtest/world/clock.ts';
import { EventHeap } from '../../backtest/world/heap.ts';

it('pops by time, equal times in the order of entry', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const heap = new EventHeap();
      for (const [order, at] of times.entries()) heap.push({ at, order, fire() {} });
      const popped = times.map(() => heap.pop());
      expect(heap.pop()).toBeUndefined();
      const expected = times
        .map((at, order) => ({ at, order }))
        .sort((a, b) => a.at - b.at || a.order - b.order);
      expect(popped).toMatchObject(expected);
    }),
  );
});

it('lets a woken flow do all that it can before time goes on', async () => {
  const clock = new VirtualClock(0);
  const seen: string[] = [];
  const flow = async () => {
    await clock.sleepUntil(10);
    for (let i = 0; i < 50; i++) await null;
    seen.push(`flow at ${clock.now()}`);
    await clock.sleepUntil(20);
    seen.push(`flow at ${clock.now()}`);
  };
  clock.schedule(10.5, () => seen.push('event at 10.5'));
  clock.schedule(25, () => seen.push('never'));
  const done = flow();
  await clock.runUntil(24);
  expect(seen).toEqual(['flow at 10', 'event at 10.5', 'flow at 20']);
  expect(clock.now()).toBe(24);
  await done;
});

it('fires what is overdue next, and does not sleep for what has passed', async () => {
  const clock = new VirtualClock(100);
  const seen: number[] = [];
  clock.schedule(5, () => seen.push(clock.now()));
  await clock.sleepUntil(99);
  await clock.runUntil(100);
  expect(seen).toEqual([100]);
});

it('says so when nothing is left that could settle the work', async () => {
  const clock = new VirtualClock(0);
  await expect(clock.settle(new Promise(() => {}))).rejects.toThrow('stands still');
  expect(await clock.settle(clock.sleepUntil(7).then(() => clock.now()))).toBe(7);
});
