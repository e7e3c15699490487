import {
  HAND_OVER_TRANSITIONS,
  type HandOver,
  type HandOverChange,
  type HandOverPhase,
  type HandOvers,
  isOver,
  type NewHandOver,
} from '../../../core/hand-over/record.ts';
import { DAY, type Seconds } from '../../../core/time.ts';
import { type Item, PK, type Table } from '../table.ts';

/**
 * {@link HandOvers} on the table: an item per source slice with its newest hand-over, and a lock per target slice.
 *
 * Invariants: of two that open for one source at once, one record is made and the other joins it; a target is locked by
 * one hand-over that is not over; phases only follow each other as core/hand-over/record.ts says; a record that is over
 * has no secret.
 *
 * Gotcha: who dies between lock and record leaves a lock without a record; it counts for {@link ORPHAN} seconds.
 */
export class TableHandOvers implements HandOvers {
  readonly #table: Table;
  readonly #random: (bytes: number) => Uint8Array;

  /** @param random secret bytes @default the platform's cryptographic source */
  constructor(table: Table, { random = secureRandom }: { random?: (bytes: number) => Uint8Array } = {}) {
    this.#table = table;
    this.#random = random;
  }

  async open(wanted: NewHandOver) {
    const { source, target, at } = wanted;
    const before = await this.get(source);
    if (before !== undefined && !isOver(before)) return { outcome: 'joined' as const, handOver: before };
    let id = `${source}>${target}@${Math.round(at * 1000)}`;
    const lock = await this.#lock(target, id, source, at);
    if (lock !== undefined) {
      // Who opened it for this source meanwhile has the lock too.
      const now = await this.get(source);
      if (now !== undefined && !isOver(now)) return { outcome: 'joined' as const, handOver: now };
      if (lock.source !== source) return { outcome: 'taken' as const, by: lock.id };
      // Somebody is just opening it and has not written the record yet: whoever does first, it is the same one.
      id = lock.id;
    }
    const handOver: HandOver = { ...wanted, id, phase: 'open', secret: this.#random(SECRET), version: 1 };
    const item = { pk: PK.handOver, sk: source, ...handOver, ttl: Math.ceil(at + KEPT) };
    const only =
      before === undefined
        ? { id: { absent: true as const } }
        : { id: { is: before.id }, version: { is: before.version } };
    if (await this.#table.put(item, only)) return { outcome: 'opened' as const, handOver };
    const now = await this.get(source);
    if (now?.id === id) return { outcome: 'opened' as const, handOver: now };
    await this.#unlock(target, id);
    if (now === undefined) return { outcome: 'taken' as const, by: 'nobody' };
    return { outcome: 'joined' as const, handOver: now };
  }

  async get(source: string): Promise<HandOver | undefined> {
    return handOverOf(await this.#table.get(PK.handOver, source));
  }

  async list(): Promise<readonly HandOver[]> {
    return (await this.#table.query(PK.handOver)).flatMap((item) => handOverOf(item) ?? []);
  }

  async of(target: string): Promise<HandOver | undefined> {
    const lock = await this.#table.get(PK.handOverTarget, target);
    if (lock === undefined) return undefined;
    const found = await this.get(lock.source as string);
    return found?.id === lock.id ? found : undefined;
  }

  async advance(
    source: string,
    id: string,
    change: HandOverChange,
    only?: readonly HandOverPhase[],
  ): Promise<HandOver | undefined> {
    for (;;) {
      const seen = await this.get(source);
      if (seen?.id !== id) return undefined;
      const wanted = (only?.includes(seen.phase) ?? true) ? merged(seen, change) : undefined;
      if (wanted !== undefined) {
        const { version, source: _, ...set } = wanted;
        const asSeen = { id: { is: id }, version: { is: version } };
        const remove = set.secret === undefined ? ['secret'] : [];
        const change = { set, remove, add: { version: 1 } };
        const written = await this.#table.update(PK.handOver, source, change, asSeen);
        // Somebody else wrote in between: what is there now is looked at again.
        if (!written.ok) continue;
      }
      const now = wanted === undefined ? seen : { ...wanted, version: seen.version + 1 };
      if (isOver(now)) await this.#unlock(now.target, id);
      return now;
    }
  }

  /** Undefined: locked for `id`. Else the hand-over that has it, and its source. */
  async #lock(target: string, id: string, source: string, at: Seconds): Promise<Lock | undefined> {
    const item = { pk: PK.handOverTarget, sk: target, id, source, at, ttl: Math.ceil(at + KEPT) };
    const free = [{ id: { absent: true as const } }, { id: { is: id } }];
    if (await this.#table.put(item, free)) return undefined;
    const lock = await this.#table.get(PK.handOverTarget, target);
    if (lock === undefined)
      return (await this.#table.put(item, free)) ? undefined : { id: 'another', source: '' };
    const holder = await this.get(lock.source as string);
    const isLive =
      holder?.id === lock.id ? !isOver(holder!) : at - ((lock.at as Seconds | undefined) ?? 0) < ORPHAN;
    const held = { id: lock.id as string, source: lock.source as string };
    if (isLive) return held;
    return (await this.#table.put(item, { id: { is: held.id } })) ? undefined : held;
  }

  async #unlock(target: string, id: string): Promise<void> {
    await this.#table.delete(PK.handOverTarget, target, { id: { is: id } });
  }
}

type Lock = Pick<HandOver, 'id' | 'source'>;

const SECRET = 32;
/** Seconds for which a lock without a record counts: its owner writes that within one round trip. */
const ORPHAN: Seconds = 30;
/** Seconds for which a hand-over can be read after it was opened. */
const KEPT: Seconds = 7 * DAY;

const secureRandom = (bytes: number) => globalThis.crypto.getRandomValues(new Uint8Array(bytes));

/** Undefined: nothing of it may be written any more. */
function merged(seen: HandOver, change: HandOverChange): HandOver | undefined {
  if (isOver(seen)) return undefined;
  const { phase = seen.phase } = change;
  if (phase !== seen.phase && !HAND_OVER_TRANSITIONS[seen.phase].includes(phase)) return undefined;
  const deadlines = [seen.deadline, change.deadline].filter((one) => one !== undefined);
  const { secret, ...rest } = seen;
  return {
    ...rest,
    ...(secret !== undefined && !isOver({ phase }) && { secret }),
    ...change,
    phase,
    // The first notice's deadline stands, and what was told to go goes.
    ...(deadlines.length > 0 && { deadline: Math.min(...deadlines) }),
    go: seen.go || (change.go ?? false),
  };
}

function handOverOf(item: Item | undefined): HandOver | undefined {
  if (item === undefined) return undefined;
  const { pk: _, sk: source, ttl: __, ...rest } = item;
  return { ...rest, source } as unknown as HandOver;
}
