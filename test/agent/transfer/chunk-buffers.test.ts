import { expect, it } from 'vitest';
import { ChunkBuffers } from '../../../agent/transfer/chunk-buffers.ts';

it('uses the buffers of chunks again, whole, and gives their memory back at the end', () => {
  const buffers = new ChunkBuffers(8);
  const [one, two] = [buffers.take(), buffers.take()];
  expect(two.buffer).not.toBe(one.buffer);
  // The last chunk of a set is shorter.
  buffers.give(one.subarray(0, 3));
  const again = buffers.take();
  expect(again.buffer).toBe(one.buffer);
  expect(again.length).toBe(8);
  buffers.give(again);
  buffers.close();
  expect(one.length).toBe(0);
  buffers.give(two);
  expect(two.length).toBe(0);
});
