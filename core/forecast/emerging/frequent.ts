/** What a key has been counted, and by how much that may be too high. */
export interface Counted {
  count: number;
  /** At most so much of `count` is that of keys which were here before it. */
  over: number;
}

/**
 * The most frequent keys of a stream in bounded memory (space-saving: Metwally, Agrawal, El Abbadi, 2005): a key that
 * finds no room takes the place of the rarest one and its count. No key with more than `total / room` is missed.
 */
export class Frequent {
  readonly #room: number;
  readonly #keys = new Map<string, Counted>();

  /** @param room most keys that are kept; at least 1 */
  constructor(room: number) {
    this.#room = room;
  }

  /** @param count finite, at least 0 */
  add(key: string, count: number): void {
    const known = this.#keys.get(key);
    if (known !== undefined) {
      known.count += count;
      return;
    }
    if (this.#keys.size < this.#room) {
      this.#keys.set(key, { count, over: 0 });
      return;
    }
    const rarest = this.#rarest();
    const over = this.#keys.get(rarest)!.count;
    this.#keys.delete(rarest);
    this.#keys.set(key, { count: over + count, over });
  }

  /** Keys with what is certainly theirs. */
  *certain(): Generator<readonly [key: string, count: number]> {
    for (const [key, { count, over }] of this.#keys) yield [key, count - over];
  }

  entries(): IterableIterator<readonly [key: string, counted: Readonly<Counted>]> {
    return this.#keys.entries();
  }

  /** Takes up an entry as {@link entries} gave it. */
  restore(key: string, counted: Readonly<Counted>): void {
    this.#keys.set(key, { ...counted });
  }

  clear(): void {
    this.#keys.clear();
  }

  /** Of equally rare ones the first by name, so that the order of a map decides nothing. */
  #rarest(): string {
    let rarest = '';
    let least = Number.POSITIVE_INFINITY;
    for (const [key, { count }] of this.#keys)
      if (count < least || (count === least && key < rarest)) [rarest, least] = [key, count];
    return rarest;
  }
}
