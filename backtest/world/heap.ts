import { Heap } from '../../core/capacity/heap.ts';

/** One entry of the event queue: at equal times, what was put in first comes out first. */
export interface Timed {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Binary min-heap by (`at`, `order`). */
export class EventHeap extends Heap<Timed> {
  constructor() {
    super((a, b) => a.at - b.at || a.order - b.order);
  }
}
