import { alternativesOf, checkChange } from '../../adapters/aws/expressions.ts';
import type { Change, Condition, Item, Table, Test, Updated } from '../../adapters/aws/table.ts';
import { copyOf } from './plain-data.ts';

/**
 * {@link Table} in memory, for tests and benches. What goes in and what comes out are copies, as over the wire. Refuses
 * what DynamoDB refuses: an item above 400 KB, empty keys, numbers that are not finite, a change of a key.
 * TTL deletes nothing here: on DynamoDB an expired item may still be there for days.
 */
export class MemoryTable implements Table {
  readonly #items = new Map<string, Map<string, Item>>();
  /** Ascending sort keys of each partition; undefined after an insert or a delete. */
  readonly #sorted = new Map<string, readonly string[]>();

  async get(pk: string, sk: string): Promise<Item | undefined> {
    return out(this.#find(pk, sk));
  }

  async query(
    pk: string,
    { from, to, newest }: { readonly from?: string; readonly to?: string; readonly newest?: number } = {},
  ): Promise<readonly Item[]> {
    const partition = this.#items.get(pk);
    if (partition === undefined) return [];
    let sorted = this.#sorted.get(pk);
    if (sorted === undefined) {
      // UTF-16 order is DynamoDB's byte order for all keys that Foreshard makes.
      sorted = [...partition.keys()].sort();
      this.#sorted.set(pk, sorted);
    }
    const within = sorted.filter(
      (sk) => (from === undefined || sk >= from) && (to === undefined || sk <= to),
    );
    const chosen = newest === undefined ? within : within.slice(Math.max(0, within.length - newest));
    return chosen.map((sk) => out(partition.get(sk)) as Item);
  }

  async put(item: Item, only?: Condition): Promise<boolean> {
    if (!holds(this.#find(item.pk, item.sk), only)) return false;
    this.#store(copyOf(item, `item ${item.pk}/${item.sk}`) as Item);
    return true;
  }

  async update(pk: string, sk: string, change: Change, only?: Condition): Promise<Updated> {
    const seen = this.#find(pk, sk);
    if (!holds(seen, only)) {
      const item = out(seen);
      return item === undefined ? { ok: false } : { ok: false, item };
    }
    const item = changed(seen ?? { pk, sk }, change);
    this.#store(item);
    return { ok: true, item: out(item) as Item };
  }

  async delete(pk: string, sk: string, only?: Condition): Promise<boolean> {
    if (!holds(this.#find(pk, sk), only)) return false;
    if (this.#items.get(pk)?.delete(sk)) this.#sorted.delete(pk);
    return true;
  }

  #find(pk: string, sk: string): Item | undefined {
    if (typeof pk !== 'string' || pk === '' || typeof sk !== 'string' || sk === '')
      throw new RangeError(`key: expected two texts that are not empty, got ${JSON.stringify({ pk, sk })}`);
    return this.#items.get(pk)?.get(sk);
  }

  #store(item: Item): void {
    let partition = this.#items.get(item.pk);
    if (partition === undefined) {
      partition = new Map();
      this.#items.set(item.pk, partition);
    }
    if (!partition.has(item.sk)) this.#sorted.delete(item.pk);
    partition.set(item.sk, item);
  }
}

const out = (item: Item | undefined) => (item === undefined ? undefined : (copyOf(item) as Item));

function holds(item: Item | undefined, only: Condition | undefined): boolean {
  return alternativesOf(only).some((tests) =>
    Object.entries(tests).every(([attribute, test]) => passes(item?.[attribute], test)),
  );
}

function passes(value: unknown, test: Test): boolean {
  if ('absent' in test) return value === undefined;
  if ('present' in test) return value !== undefined;
  if ('atMost' in test) return typeof value === 'number' && value <= test.atMost;
  return value === test.is;
}

function changed(seen: Item, change: Change): Item {
  checkChange(change);
  const { set = {}, remove = [], add = {} } = change;
  const item: Record<string, unknown> = { ...seen };
  for (const [attribute, value] of Object.entries(set)) if (value !== undefined) item[attribute] = value;
  for (const attribute of remove) delete item[attribute];
  for (const [attribute, value] of Object.entries(add)) {
    const before = item[attribute] ?? 0;
    if (typeof before !== 'number')
      throw new RangeError(`update: expected a number to add to in ${attribute}, got ${typeof before}`);
    item[attribute] = before + value;
  }
  return copyOf(item, `item ${seen.pk}/${seen.sk}`) as Item;
}
