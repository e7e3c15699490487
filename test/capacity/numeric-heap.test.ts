import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Heap } from '../../core/capacity/heap.ts';

it('a heap gives the first of what it holds, pushes and pops mixed', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: -9, max: 9 })), { maxLength: 80 }), (steps) => {
      const heap = new Heap<number>((a, b) => a - b);
      const held: number[] = [];
      for (const step of steps) {
        if (step === null) expect(heap.pop()).toBe(held.shift());
        else {
          heap.push(step);
          held.push(step);
          held.sort((a, b) => a - b);
        }
        expect([heap.size, heap.peek()]).toEqual([held.length, held[0]]);
      }
    }),
    { seed: 1 },
  );
});
