import type { SlotHolder, SlotMaps } from '../../../core/hand-over/slots.ts';
import { type Item, PK, type Table } from '../table.ts';

/**
 * {@link SlotMaps} on the table: an item per shard, an attribute `s<slot>` = `<epoch> <holder>` per slot. One read gives
 * all holders; a change of one is a conditional write on its text, so of two that pass a slot on at once one wins.
 */
export class TableSlotMaps implements SlotMaps {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async read(shard: string, count: number): Promise<readonly SlotHolder[]> {
    const item = await this.#table.get(PK.slots, shard);
    return Array.from({ length: count }, (_, slot) => holderOf(item, slot));
  }

  async pass(shard: string, seen: SlotHolder, holder: string | undefined) {
    const { slot } = seen;
    const next: SlotHolder = { slot, epoch: seen.epoch + 1, ...(holder !== undefined && { holder }) };
    const name = nameOf(slot);
    const only = seen.epoch === 0 ? { [name]: { absent: true as const } } : { [name]: { is: textOf(seen) } };
    const written = await this.#table.update(PK.slots, shard, { set: { [name]: textOf(next) } }, only);
    const there = holderOf(written.item, slot);
    // The answer to a write may be lost, and the write be made again.
    return { ok: written.ok || textOf(there) === textOf(next), slot: there };
  }
}

const nameOf = (slot: number) => `s${slot}`;
const textOf = ({ epoch, holder = '' }: SlotHolder) => `${epoch} ${holder}`;

function holderOf(item: Item | undefined, slot: number): SlotHolder {
  const text = item?.[nameOf(slot)];
  if (typeof text !== 'string') return { slot, epoch: 0 };
  const space = text.indexOf(' ');
  const holder = text.slice(space + 1);
  return { slot, epoch: Number(text.slice(0, space)), ...(holder !== '' && { holder }) };
}
