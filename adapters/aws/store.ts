import type { ClaimResult, Clock, ShardStore, StoredSlice } from '../../core/ports.ts';
import { moveTo, ownerOf, type Placement } from '../../core/shards/placement.ts';
import type { Seconds } from '../../core/time.ts';
import { type Item, PK, type Table } from './table.ts';

/**
 * {@link ShardStore} on the table: an item per slice, each write one conditional update of it.
 *
 * Invariants: `version` rises with every write, and a later life of the same slice begins above the versions of its
 * earlier ones; a claim succeeds on the version that was seen and only where nobody's hold lasts; only the holder
 * writes placements, and only while its hold lasts. So of many claimers at once one wins, and an owner whose hold has
 * run out can write nothing any more.
 *
 * Gotcha: an answer may be lost on its way and the write be retried; what is there then is compared with what was wanted.
 */
export class DynamoStore implements ShardStore {
  readonly #table: Table;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(table: Table, clock: Pick<Clock, 'now'>) {
    this.#table = table;
    this.#clock = clock;
  }

  async slices(): Promise<readonly StoredSlice[]> {
    return (await this.#table.query(PK.slice)).map(sliceOf);
  }

  async get(slice: string): Promise<StoredSlice | undefined> {
    const item = await this.#table.get(PK.slice, slice);
    return item && sliceOf(item);
  }

  async add(slice: string, at: Seconds): Promise<void> {
    const placement: Placement = { kind: 'ready', since: at };
    // A slice is written less than once a second: the time is above every version of a life before.
    const version = Math.max(1, Math.floor(at));
    await this.#table.put({ pk: PK.slice, sk: slice, placement, version }, { version: { absent: true } });
  }

  async claim(slice: string, version: number, holder: string, expires: Seconds): Promise<ClaimResult> {
    const now = this.#clock.now();
    const change = { set: { holder, holderExpires: expires }, add: { version: 1 } };
    const written = await this.#table.update(PK.slice, slice, change, [
      { version: { is: version }, holder: { absent: true } },
      { version: { is: version }, holderExpires: { atMost: now } },
    ]);
    if (written.item === undefined) return { ok: false };
    const seen = sliceOf(written.item);
    if (written.ok || holds(seen, holder, now)) return { ok: true, slice: seen };
    return { ok: false, seen };
  }

  /** @throws {IllegalTransition} where the lifecycle does not lead from the placement that is there. */
  async put(slice: string, holder: string, placement: Placement): Promise<ClaimResult> {
    const seen = await this.get(slice);
    if (seen === undefined) return { ok: false };
    if (!holds(seen, holder, this.#clock.now())) return { ok: false, seen };
    if (isSame(seen.placement, placement)) return { ok: true, slice: seen };
    moveTo(slice, seen.placement, placement);
    const written = await this.#table.update(
      PK.slice,
      slice,
      { set: { placement }, add: { version: 1 } },
      { version: { is: seen.version }, holder: { is: holder } },
    );
    if (written.item === undefined) return { ok: false };
    const after = sliceOf(written.item);
    // The same step may run twice at once: what the other one wrote is as good.
    const done = written.ok || (after.holder === holder && isSame(after.placement, placement));
    return done ? { ok: true, slice: after } : { ok: false, seen: after };
  }

  async release(slice: string, holder: string): Promise<void> {
    const change = { remove: ['holder', 'holderExpires'], add: { version: 1 } };
    await this.#table.update(PK.slice, slice, change, { holder: { is: holder } });
  }

  async remove(slice: string): Promise<void> {
    await this.#table.delete(PK.slice, slice);
  }
}

const holds = (seen: StoredSlice, holder: string, now: Seconds) =>
  seen.holder === holder && (seen.holderExpires ?? 0) > now;

const isSame = (a: Placement, b: Placement) => a.kind === b.kind && ownerOf(a) === ownerOf(b);

function sliceOf({ pk: _, sk, ...rest }: Item): StoredSlice {
  return { slice: sk, ...rest } as unknown as StoredSlice;
}
