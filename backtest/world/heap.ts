/** One entry of the event queue: at equal times, what was put in first comes out first. */
export interface Timed {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

const before = (a: Timed, b: Timed) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Binary min-heap by (`at`, `order`). */
export class EventHeap {
  readonly #items: Timed[] = [];

  get size(): number {
    return this.#items.length;
  }

  peek(): Timed | undefined {
    return this.#items[0];
  }

  push(item: Timed): void {
    const items = this.#items;
    let i = items.length;
    items.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = items[parent] as Timed;
      if (!before(item, above)) break;
      items[i] = above;
      i = parent;
    }
    items[i] = item;
  }

  pop(): Timed | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      const right = items[child + 1];
      if (right !== undefined && before(right, items[child] as Timed)) child++;
      const below = items[child] as Timed;
      if (!before(below, last)) break;
      items[i] = below;
      i = child;
    }
    items[i] = last;
    return top;
  }
}
