import type { Change, Condition, Item, Updated } from '../../adapters/aws/table.ts';
import type { Clock } from '../../core/ports.ts';
import { MemoryTable } from '../../test/model-aws/memory-table.ts';
import type { Usage } from './usage.ts';

const READ_UNIT = 4096;
const WRITE_UNIT = 1024;
/** A query's answer comes in pages of 1 MB. */
const PAGE = 1024 * 1024;

export interface Counting {
  readonly clock: Clock;
  /** Seconds that a call takes. */
  readonly latency: number;
  usage: Usage;
}

/**
 * The table with DynamoDB's own arithmetic (Developer Guide, "Item sizes and formats", "Capacity unit consumption"):
 * every read is strongly consistent, so a unit per 4 KB; of a query the sum is rounded; a write counts the larger one
 * of before and after, and a refused one as well.
 */
export class CountingTable extends MemoryTable {
  readonly #counting: Counting;

  constructor(counting: Counting) {
    super();
    this.#counting = counting;
  }

  override async get(pk: string, sk: string): Promise<Item | undefined> {
    await this.#takes(1);
    const item = await super.get(pk, sk);
    this.#read(item === undefined ? 0 : sizeOf(item));
    return item;
  }

  override async query(...args: Parameters<MemoryTable['query']>): Promise<readonly Item[]> {
    const items = await super.query(...args);
    const bytes = items.reduce((sum, item) => sum + sizeOf(item), 0);
    await this.#takes(Math.max(1, Math.ceil(bytes / PAGE)));
    this.#read(bytes);
    return items;
  }

  override async put(item: Item, only?: Condition): Promise<boolean> {
    await this.#takes(1);
    const before = await super.get(item.pk, item.sk);
    this.#write(Math.max(sizeOf(item), before === undefined ? 0 : sizeOf(before)));
    return super.put(item, only);
  }

  override async update(pk: string, sk: string, change: Change, only?: Condition): Promise<Updated> {
    await this.#takes(1);
    const before = await super.get(pk, sk);
    const updated = await super.update(pk, sk, change, only);
    const sizes = [before, updated.item].map((item) => (item === undefined ? 0 : sizeOf(item)));
    this.#write(Math.max(...sizes));
    return updated;
  }

  override async delete(pk: string, sk: string, only?: Condition): Promise<boolean> {
    await this.#takes(1);
    const before = await super.get(pk, sk);
    this.#write(before === undefined ? 0 : sizeOf(before));
    return super.delete(pk, sk, only);
  }

  #takes(calls: number): Promise<void> {
    const { clock, latency } = this.#counting;
    return clock.sleepUntil(clock.now() + calls * latency);
  }

  #read(bytes: number): void {
    this.#counting.usage.add('readUnits', Math.max(1, Math.ceil(bytes / READ_UNIT)));
  }

  #write(bytes: number): void {
    this.#counting.usage.add('writeUnits', Math.max(1, Math.ceil(bytes / WRITE_UNIT)));
  }
}

/** Bytes of an item or a value, as DynamoDB counts them. */
export function sizeOf(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).replace(/[-.e+]/g, '').length / 2) + 1;
  if (value === null || typeof value === 'boolean') return 1;
  if (value instanceof Uint8Array) return value.byteLength;
  if (Array.isArray(value)) return 3 + value.reduce<number>((sum, one) => sum + 1 + sizeOf(one), 0);
  const entries = Object.entries(value as object);
  // An item is the sum of its attributes; a map inside it costs 3, and 1 for each of its entries.
  const isItem = 'pk' in (value as object);
  return entries.reduce(
    (sum, [key, one]) =>
      sum + (one === undefined ? 0 : Buffer.byteLength(key) + sizeOf(one) + (isItem ? 0 : 1)),
    isItem ? 0 : 3,
  );
}
