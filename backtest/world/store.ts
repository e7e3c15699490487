import type { ClaimResult, ShardStore, StoredSlice } from '../../core/ports.ts';
import { moveTo, ownerOf, type Placement, type PlacementKind } from '../../core/shards/placement.ts';
import type { Seconds } from '../../core/time.ts';

/**
 * The shards' table in memory. Every write is conditional as in production, and an illegal transition throws, so
 * that no run gets past one.
 */
export class MemoryStore implements ShardStore {
  /** Slices per kind of placement. */
  readonly counts: Record<PlacementKind, number> = {
    ready: 0,
    reserved: 0,
    activating: 0,
    active: 0,
    draining: 0,
  };
  readonly #items = new Map<string, StoredSlice>();
  readonly #now: () => Seconds;
  readonly #beforeChange: () => void;
  #list: readonly StoredSlice[] | undefined;

  constructor(now: () => Seconds, beforeChange: () => void = () => {}) {
    this.#now = now;
    this.#beforeChange = beforeChange;
  }

  async slices(): Promise<readonly StoredSlice[]> {
    this.#list ??= [...this.#items.values()];
    return this.#list;
  }

  async get(slice: string): Promise<StoredSlice | undefined> {
    return this.#items.get(slice);
  }

  async add(slice: string, at: Seconds): Promise<void> {
    if (!this.#items.has(slice)) this.#write({ slice, placement: { kind: 'ready', since: at }, version: 1 });
  }

  /** Puts a slice where the world begins, whatever the lifecycle says. */
  seed(slice: string, placement: Placement): void {
    this.#write({ slice, placement, version: 1 });
  }

  async claim(slice: string, version: number, holder: string, expires: Seconds): Promise<ClaimResult> {
    const seen = this.#items.get(slice);
    if (seen === undefined) return { ok: false };
    const held = seen.holder !== undefined && (seen.holderExpires ?? 0) > this.#now();
    if (held && seen.holder === holder) return { ok: true, slice: seen };
    if (held || seen.version !== version) return { ok: false, seen };
    return this.#ok({ ...seen, version: version + 1, holder, holderExpires: expires });
  }

  async put(slice: string, holder: string, placement: Placement): Promise<ClaimResult> {
    const seen = this.#items.get(slice);
    if (seen === undefined) return { ok: false };
    if (seen.holder !== holder) return { ok: false, seen };
    if (seen.placement.kind === placement.kind && ownerOf(seen.placement) === ownerOf(placement))
      return { ok: true, slice: seen };
    moveTo(slice, seen.placement, placement);
    return this.#ok({ ...seen, placement, version: seen.version + 1 });
  }

  async release(slice: string, holder: string): Promise<void> {
    const seen = this.#items.get(slice);
    if (seen?.holder !== holder) return;
    this.#write({ slice, placement: seen.placement, version: seen.version + 1 });
  }

  async remove(slice: string): Promise<void> {
    const seen = this.#items.get(slice);
    if (seen === undefined) return;
    this.#beforeChange();
    this.counts[seen.placement.kind]--;
    this.#items.delete(slice);
    this.#list = undefined;
  }

  #ok(item: StoredSlice): ClaimResult {
    this.#write(item);
    return { ok: true, slice: item };
  }

  #write(item: StoredSlice): void {
    const seen = this.#items.get(item.slice);
    if (seen?.placement.kind !== item.placement.kind) {
      this.#beforeChange();
      if (seen !== undefined) this.counts[seen.placement.kind]--;
      this.counts[item.placement.kind]++;
    }
    this.#items.set(item.slice, item);
    this.#list = undefined;
  }
}
