/**
 * Slots: the parts of a stateful shard's state.
 *
 * Invariants: a slot is held by at most one slice; each change of holder raises its epoch by one, in one conditional
 * write; an agent serves a slot only while it is the holder of the newest epoch that it knows and its lease lasts.
 */

/** Who holds a slot. A slot that nobody ever held has epoch 0 and no holder. */
export interface SlotHolder {
  readonly slot: number;
  readonly epoch: number;
  /** Slice id. */
  readonly holder?: string;
}

export interface SlotMaps {
  /** One entry per slot, in order. */
  read(shard: string, count: number): Promise<readonly SlotHolder[]>;
  /**
   * The next epoch, with another holder (or none), only if the slot still is as it was seen.
   * `ok: false`: somebody else was first, and `slot` is what is there. A repeat of one's own write is `ok`.
   */
  pass(
    shard: string,
    seen: SlotHolder,
    holder: string | undefined,
  ): Promise<{ readonly ok: boolean; readonly slot: SlotHolder }>;
}

/** The slot of a key: FNV-1a (32 bit) of its UTF-8 bytes, modulo the number of slots. */
export function slotOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % count;
}
