import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FluidQueue, type Tally } from '../../backtest/world/queue.ts';
import { ShardService } from '../../backtest/world/service.ts';
import { T0 } from './fixtures.ts';

const none = (): Tally => ({ served: 0, unmet: 0, waited: 0 });

describe('load that may wait', () => {
  it('is unmet at once where it may not', () => {
    const tally = none();
    new FluidQueue(0).serve(0, 60, 100, 70, tally);
    expect(tally).toEqual({ served: 4200, unmet: 1800, waited: 0 });
  });

  it('waits, and is served when there is room', () => {
    const queue = new FluidQueue(30);
    const tally = none();
    // 10 s at 20/s too much: 200 wait; then 50/s to spare clear them in 4 s.
    queue.serve(0, 10, 120, 100, tally);
    expect(queue.backlog).toBeCloseTo(200);
    queue.serve(10, 60, 50, 100, tally);
    expect(queue.backlog).toBe(0);
    expect(tally.served).toBeCloseTo(1200 + 2500);
    expect(tally.unmet).toBeCloseTo(0);
    // Backlog over time is load × waiting (Little): triangles of 10 s and 4 s, 200 high.
    expect(tally.waited).toBeCloseTo((200 * 10) / 2 + (200 * 4) / 2);
  });

  it('is unmet after its longest wait, first come first served', () => {
    const queue = new FluidQueue(5);
    const tally = none();
    // Nothing serves: what came in the first 15 of 20 s has waited 5 s and is gone.
    queue.serve(0, 20, 10, 0, tally);
    expect(tally.unmet).toBeCloseTo(150);
    expect(queue.backlog).toBeCloseTo(50);
    // A flood of capacity serves the other 5 s' worth at once.
    queue.serve(20, 21, 0, 1e6, tally);
    expect(tally.served).toBeCloseTo(50);
    expect(tally.waited).toBeCloseTo((10 * 25) / 2, 1);
  });

  it('at twice the capacity is unmet by half once the queue is full', () => {
    const queue = new FluidQueue(10);
    const tally = none();
    queue.serve(0, 100, 20, 10, tally);
    // The head's age grows by ½ s per s: 10 s after 20 s; then 10/s are unmet for 80 s.
    expect(tally.unmet).toBeCloseTo(800);
    expect(tally.served).toBeCloseTo(1000);
    expect(tally.waited).toBeCloseTo((200 * 10) / 2 + 800 * 10);
  });

  it('comes out as served, unmet or waiting, and nothing waits too long', () => {
    const step = fc.record({
      seconds: fc.double({ min: 0.01, max: 90, noNaN: true }),
      load: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 500, noNaN: true })),
      capacity: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 500, noNaN: true })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.constantFrom(0, 3, 30), (steps, maxWait) => {
        const queue = new FluidQueue(maxWait);
        const tally = none();
        let now = 0;
        let arrived = 0;
        let could = 0;
        for (const { seconds, load, capacity } of steps) {
          queue.serve(now, now + seconds, load, capacity, tally);
          now += seconds;
          arrived += load * seconds;
          could += capacity * seconds;
        }
        expect(tally.served + tally.unmet + queue.backlog).toBeCloseTo(arrived, 4);
        expect(tally.served).toBeLessThanOrEqual(could + 1e-4);
        expect(tally.waited).toBeLessThanOrEqual(tally.served * maxWait + 1e-4);
        expect(Math.min(tally.unmet, tally.waited, queue.backlog)).toBeGreaterThan(-1e-6);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('a shard’s service', () => {
  it('is integrated exactly over parts of minutes', () => {
    const service = new ShardService(
      { name: 'a', perInstance: 100, maxWait: 0 },
      Float64Array.of(150, 300),
      T0,
    );
    service.target('i-1:8080', 1, T0);
    service.target('i-2:8080', 1, T0 + 30);
    service.target('i-1:8080', 0, T0 + 90);
    service.advance(T0 + 120);
    // Minute 1: 30 s × 100, 30 s × 200. Minute 2: 30 s × 200, 30 s × 100.
    expect([...service.capacitySeconds]).toEqual([9000, 9000]);
    expect([...service.unmet]).toEqual([30 * 50, 30 * 100 + 30 * 200]);
    expect([...service.served]).toEqual([30 * 100 + 30 * 150, 9000]);
  });

  it('takes a missing value as no load', () => {
    const service = new ShardService(
      { name: 'a', perInstance: 1, maxWait: 0 },
      Float64Array.of(Number.NaN),
      T0,
    );
    service.advance(T0 + 60);
    expect(service.unmet[0]).toBe(0);
  });
});
