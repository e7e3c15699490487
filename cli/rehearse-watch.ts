import type { InstanceItem } from '../adapters/aws/fleet-instance.ts';
import { TableSlotMaps } from '../adapters/aws/hand-over/slot-maps.ts';
import { DynamoStore } from '../adapters/aws/store.ts';
import { PK } from '../adapters/aws/table.ts';
import { type HandOver, isOver } from '../core/hand-over/record.ts';
import type { StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import type { Deployed } from './deployed.ts';

/** One slice that served on an instance which is taken away, and what was seen of it. */
export interface Watched {
  readonly slice: string;
  readonly shard: string;
  /** Slots of a stateful shard that it held from the first announcement to the notice; none: it had no state. */
  readonly slots: readonly number[];
  readonly rebalanceAt?: Seconds;
  readonly noticeAt?: Seconds;
  readonly deadline?: Seconds;
  /** Every hand-over of it, as it was seen last. */
  readonly handOvers: readonly HandOver[];
  /** When it was first seen out of its shard. */
  readonly outAt?: Seconds;
  /** When a slice that took its slots over was first seen serving the shard. */
  readonly redirectedAt?: Seconds;
}

/** What was announced of an instance. */
type Said = Pick<InstanceItem, 'rebalanceAt' | 'noticeAt' | 'deadline'>;

/** What the last look has found. */
interface Seen {
  readonly now: Seconds;
  readonly slices: ReadonlyMap<string, StoredSlice>;
  readonly handOvers: ReadonlyMap<string, HandOver>;
  /** Of stateful shards: slots by holder. */
  readonly slots: ReadonlyMap<string, readonly number[]>;
}

/**
 * Watches interruptions by the service's table, look by look; changes nothing. Times are those of the looks, so they are
 * late by up to the time between two.
 */
export class Watch {
  readonly #deployed: Pick<Deployed, 'table' | 'clock'>;
  readonly #settings: Settings;
  readonly #since: Seconds;
  readonly #watched = new Map<string, Watched>();
  readonly #said = new Map<string, Said>();
  /** As of the look before: the notice may come together with what follows from it. */
  #before: Seen | undefined;

  /** @param since announcements before it are not of this rehearsal */
  constructor(deployed: Pick<Deployed, 'table' | 'clock'>, settings: Settings, since: Seconds) {
    this.#deployed = deployed;
    this.#settings = settings;
    this.#since = since;
  }

  /** Instances that got the notice. */
  readonly noticed: Set<string> = new Set();

  get watched(): readonly Watched[] {
    return [...this.#watched.values()];
  }

  /** Whether all that served where something was announced is out, notice or not. */
  get isOut(): boolean {
    return (
      this.#watched.size > 0 &&
      this.watched.every(({ outAt, handOvers }) => outAt !== undefined && handOvers.every(isOver))
    );
  }

  /** Whether everything that was announced has come to its end. */
  isOver(now: Seconds): boolean {
    return (
      this.noticed.size > 0 &&
      this.watched.every(
        ({ noticeAt, deadline, outAt, handOvers }) =>
          noticeAt !== undefined &&
          ((outAt !== undefined && handOvers.every(isOver)) || now > (deadline ?? noticeAt) + AFTER),
      )
    );
  }

  async look(): Promise<void> {
    const { table } = this.#deployed;
    const [items, seen] = await Promise.all([table.query(PK.instance), this.#see()]);
    const announced = (items as readonly InstanceItem[]).filter(
      ({ rebalanceAt = 0, noticeAt = 0 }) => Math.max(rebalanceAt, noticeAt) >= this.#since,
    );
    for (const { sk: instance, ...said } of announced) this.#said.set(instance, said);
    // Its item goes with an instance: what it said stays.
    for (const [instance, said] of this.#said) this.#follow(instance, said, seen);
    this.#before = seen;
  }

  async #see(): Promise<Seen> {
    const { table, clock } = this.#deployed;
    const stateful = this.#settings.shards.filter(({ handOver }) => handOver.state === 'copy');
    const [slices, records, ...maps] = await Promise.all([
      new DynamoStore(table, clock).slices(),
      table.query(PK.handOver),
      ...stateful.map(({ name, handOver }) => new TableSlotMaps(table).read(name, handOver.slots.count)),
    ]);
    const held = maps.flat().filter(({ holder }) => holder !== undefined);
    const byHolder = Map.groupBy(held, ({ holder }) => holder!);
    return {
      now: clock.now(),
      slices: new Map(slices.map((one) => [one.slice, one])),
      handOvers: new Map(
        records.map(({ sk, ...rest }) => [sk, { ...rest, source: sk } as unknown as HandOver]),
      ),
      slots: new Map([...byHolder].map(([holder, its]) => [holder, its.map(({ slot }) => slot)])),
    };
  }

  /** Slices that serve on the instance are watched from its first announcement on; slots count as of the notice. */
  #follow(instance: string, said: Said, seen: Seen): void {
    const before = this.#before ?? seen;
    if (said.noticeAt !== undefined) this.noticed.add(instance);
    for (const { slice, placement } of before.slices.values())
      if (
        parseSliceId(slice).instance === instance &&
        placement.kind === 'active' &&
        !this.#watched.has(slice)
      )
        this.#watched.set(slice, { slice, shard: placement.shard, slots: [], handOvers: [] });
    for (const one of this.watched)
      if (parseSliceId(one.slice).instance === instance)
        this.#watched.set(one.slice, next(one, said, before, seen));
  }
}

/** Seconds after the deadline in which the last writes come. */
const AFTER: Seconds = 30;

function next(one: Watched, said: Said, before: Seen, { now, slices, handOvers }: Seen): Watched {
  const { slice, shard } = one;
  const { rebalanceAt, noticeAt, deadline } = said;
  const record = handOvers.get(slice);
  const isNew = record !== undefined && !before.handOvers.has(slice);
  const known = one.handOvers.filter(({ id }) => id !== record?.id);
  const isOfThis = record !== undefined && (isNew || record.at >= (rebalanceAt ?? noticeAt ?? now) - EARLY);
  const mine = isOfThis ? [...known, record] : one.handOvers;
  const isIn = (of: string) => {
    const placement = slices.get(of)?.placement;
    return placement?.kind === 'active' && placement.shard === shard;
  };
  const isRedirected = mine.some(({ phase, target }) => phase === 'done' && isIn(target));
  return {
    slice,
    shard,
    // What was handed over before the notice was its state too.
    slots:
      one.noticeAt === undefined
        ? [...new Set([...one.slots, ...(before.slots.get(slice) ?? [])])]
        : one.slots,
    ...(rebalanceAt !== undefined && { rebalanceAt }),
    ...(noticeAt !== undefined && { noticeAt }),
    ...(deadline !== undefined && { deadline }),
    handOvers: mine,
    ...(one.outAt !== undefined ? { outAt: one.outAt } : isIn(slice) ? {} : { outAt: now }),
    ...(one.redirectedAt !== undefined
      ? { redirectedAt: one.redirectedAt }
      : isRedirected && { redirectedAt: now }),
  };
}

/** The agent hears of it before the event has come to the table (s). */
const EARLY: Seconds = 60;
