import { isDeepStrictEqual } from 'node:util';
import type { ShardSettings } from '../core/settings/schema.ts';
import { parseSliceId, sliceId } from '../core/shards/slice.ts';
import { MINUTE } from '../core/time.ts';
import type { App } from './contract.ts';
import { appPortOf } from './hooks/app.ts';
import type { Log } from './log.ts';
import type { Remembered, SliceMemory } from './memory.ts';
import type { ActivatedBy, ActiveSlice, Serving } from './serving.ts';
import type { KnownSettings } from './settings.ts';

export interface SlicesParts {
  readonly instance: string;
  /** Ports of the slices of this instance. */
  readonly ports: readonly number[];
  readonly settings: Pick<KnownSettings, 'get' | 'shard'>;
  readonly app: (port: number, shard: ShardSettings) => App;
  readonly memory: SliceMemory;
  readonly serving: Pick<Serving, 'open' | 'close' | 'holds'>;
  readonly log: Log;
}

interface Entry {
  active: ActiveSlice;
  /** What serves its slots has taken it over; for a shard without state there is nothing to take over. */
  open: boolean;
  /** For a hand-over alone: nobody has put the slice into the shard yet. */
  isLent: boolean;
  /** Of the application, as it was told last. */
  generation: string | undefined;
}

/** Whether what belongs to the shard is copied, so that a gateway stands in front of its application. */
export const hasState = ({ handOver }: Pick<ShardSettings, 'handOver'>) => handOver.state === 'copy';

/**
 * The slices of this instance and the shards that they serve.
 *
 * Lifecycle of a slice: ready → `activate`: hook, memory, serving → active → `deactivate`: serving, hook, memory → ready.
 * A restarted agent opens what it remembers once more, without the hook; what fails is tried again with each beat.
 *
 * Invariant: changes of one slice come one after the other.
 */
export class Slices {
  readonly #parts: SlicesParts;
  readonly #entries = new Map<number, Entry>();
  readonly #queues = new Map<number, Promise<unknown>>();
  #remembered: ReadonlyMap<number, Remembered> = new Map();
  #following: Promise<void> | undefined;
  /** Slices that cannot follow the settings yet: said once. */
  readonly #behind = new Set<string>();

  constructor(parts: SlicesParts) {
    this.#parts = parts;
  }

  /** Every slice of the instance, with what is active on it. */
  list(): readonly { readonly slice: string; readonly port: number; readonly active?: ActiveSlice }[] {
    return this.#parts.ports.map((port) => {
      const active = this.#entries.get(port)?.active;
      return { slice: sliceId(this.#parts.instance, port), port, ...(active && { active }) };
    });
  }

  /**
   * Enters the shard's environment; another one's is left first.
   *
   * Two who do not know of each other may want one slice, as a reserve whose order is old and by a move: the hand-over
   * gets no slice that serves another shard, and the move none that has taken state over.
   * @throws {RangeError} on a slice of another instance, or a shard that the settings do not have
   * @throws {Error} where the slice is another's; what the hook throws
   */
  activate(slice: string, name: string, by: ActivatedBy = 'control'): Promise<ActiveSlice> {
    const port = this.#portOf(slice);
    return this.#inTurn(port, async () => {
      const shard = await this.#parts.settings.shard(name);
      const before = this.#entries.get(port);
      if (before !== undefined && before.active.shard.name !== name) {
        this.#check(slice, before, name, by);
        this.#parts.log.warn('slice-leaves-shard', { slice, shard: before.active.shard.name, for: name });
        await this.#leave(port, before);
      }
      const entry = this.#entries.get(port) ?? this.#make(port, shard, by === 'hand-over');
      await entry.active.app.activate(name);
      if (by === 'control') entry.isLent = false;
      this.#entries.set(port, entry);
      this.#forget(port);
      await this.#remember();
      await this.#open(entry);
      this.#parts.log.info('activated', { slice, shard: name });
      return entry.active;
    });
  }

  /**
   * Leaves the shard. One that the slice does not serve (any more) is left alone, but for the hook when nothing is active:
   * the agent may have forgotten what the application knows.
   */
  deactivate(slice: string, name?: string): Promise<void> {
    const port = this.#portOf(slice);
    return this.#inTurn(port, async () => {
      const entry = this.#entries.get(port);
      if (entry === undefined) {
        this.#forget(port);
        await this.#remember();
        if (name === undefined) return;
        await this.#parts.app(port, await this.#parts.settings.shard(name)).deactivate(name);
        return;
      }
      const serves = entry.active.shard.name;
      if (name !== undefined && name !== serves) {
        this.#parts.log.warn('deactivation-refused', { slice, shard: name, serves });
        return;
      }
      await this.#leave(port, entry);
      this.#parts.log.info('deactivated', { slice, shard: serves });
    });
  }

  /** What was active before this process began. */
  async recall(): Promise<void> {
    this.#remembered = await this.#parts.memory.read();
    await this.reopen();
  }

  /** Opens what is active and not open yet. Failures are said, and tried again with the next call. */
  async reopen(): Promise<void> {
    const closed = [...this.#entries].flatMap(([port, { open }]) => (open ? [] : [port]));
    const ports = new Set([...this.#remembered.keys(), ...closed]);
    await Promise.all([...ports].map((port) => this.#inTurn(port, () => this.#retry(port))));
  }

  /**
   * Follows what the settings say of the shards that are active, at most a minute old. Never fails.
   *
   * The lease holds for what is written and served from the next beat on, which keeps its order: a longer one is written
   * first, where others read how long they have to wait, and served on when that write is through; by a shorter one the
   * holder stops earlier, while what was written stays as late as it was. How many slots there are, and what names them,
   * is taken over only by a slice that has none: keys would be in other slots than their state.
   */
  follow(): Promise<void> {
    this.#following ??= this.#follow().finally(() => {
      this.#following = undefined;
    });
    return this.#following;
  }

  async #follow(): Promise<void> {
    try {
      const { shards } = await this.#parts.settings.get(MINUTE);
      for (const port of this.#entries.keys())
        await this.#inTurn(port, async () => {
          const entry = this.#entries.get(port);
          const wanted = shards.find(({ name }) => name === entry?.active.shard.name);
          if (entry?.open && wanted !== undefined) await this.#adopt(entry, wanted);
        });
    } catch (error) {
      this.#parts.log.warn('settings-not-followed', { error });
    }
  }

  async #adopt(entry: Entry, wanted: ShardSettings): Promise<void> {
    const { active } = entry;
    const { slice, shard: before } = active;
    if (isDeepStrictEqual(before.handOver, wanted.handOver)) {
      this.#behind.delete(slice);
      return;
    }
    // Whether there is a gateway is a matter of where the application listens.
    if (hasState(before) !== hasState(wanted)) return this.#wait(slice, 'state');
    const { slots } = before.handOver;
    const isOther = hasState(before) && !isDeepStrictEqual(slots, wanted.handOver.slots);
    if (isOther && this.#parts.serving.holds(slice)) {
      this.#wait(slice, 'slots');
      entry.active = { ...active, shard: { ...before, handOver: { ...wanted.handOver, slots } } };
      return;
    }
    entry.active = { ...active, shard: { ...before, handOver: wanted.handOver } };
    this.#behind.delete(slice);
    this.#parts.log.info('settings-followed', { slice, shard: before.name });
    if (!isOther) return;
    entry.open = false;
    await this.#parts.serving.close(slice);
    await this.#open(entry);
  }

  #wait(slice: string, what: string): void {
    if (this.#behind.has(slice)) return;
    this.#behind.add(slice);
    this.#parts.log.warn('settings-wait', { slice, what: `handOver.${what}`, until: 'it holds no slots' });
  }

  /** The application of a slice has said which run it is: known to the next agent, too. @throws what the memory throws */
  async saw(slice: string, generation: string): Promise<void> {
    const entry = this.#entries.get(this.#portOf(slice));
    if (entry === undefined || entry.generation === generation) return;
    entry.generation = generation;
    await this.#remember();
  }

  async #retry(port: number): Promise<void> {
    const slice = sliceId(this.#parts.instance, port);
    const { shard: name, generation } = this.#remembered.get(port) ?? {};
    try {
      let entry = this.#entries.get(port);
      if (entry === undefined && name !== undefined) {
        entry = this.#make(port, await this.#parts.settings.shard(name), false, generation);
        this.#entries.set(port, entry);
      }
      if (entry !== undefined && !entry.open) await this.#open(entry);
      this.#forget(port);
    } catch (error) {
      this.#parts.log.error('slice-not-open', { slice, shard: name, error });
    }
  }

  #check(slice: string, { active, isLent }: Entry, name: string, by: ActivatedBy): void {
    const { name: shard } = active.shard;
    if (by === 'hand-over' && !isLent)
      throw new Error(`${slice} serves ${shard}: expected no shard before it takes over for ${name}`);
    if (this.#parts.serving.holds(slice))
      throw new Error(`${slice} has state of ${shard}: expected none before it serves ${name}`);
  }

  #make(port: number, shard: ShardSettings, isLent = false, generation?: string): Entry {
    const app = this.#parts.app(port, shard);
    const slice = sliceId(this.#parts.instance, port);
    return {
      active: {
        ...{ slice, port, appPort: hasState(shard) ? appPortOf(port) : port, shard, app },
        ...(generation !== undefined && { generation }),
      },
      open: false,
      isLent,
      generation,
    };
  }

  async #open(entry: Entry): Promise<void> {
    if (entry.open) return;
    if (hasState(entry.active.shard)) await this.#parts.serving.open(entry.active);
    entry.open = true;
  }

  async #leave(port: number, entry: Entry): Promise<void> {
    const { active } = entry;
    if (hasState(active.shard)) await this.#parts.serving.close(active.slice);
    entry.open = false;
    await active.app.deactivate(active.shard.name);
    this.#entries.delete(port);
    await this.#remember();
  }

  #remember(): Promise<void> {
    const slices = [...this.#entries].map(
      ([port, { active, generation }]) =>
        [port, { shard: active.shard.name, ...(generation !== undefined && { generation }) }] as const,
    );
    return this.#parts.memory.write(new Map([...this.#remembered, ...slices]));
  }

  #forget(port: number): void {
    this.#remembered = new Map([...this.#remembered].filter(([one]) => one !== port));
  }

  #portOf(slice: string): number {
    const { instance, port } = parseSliceId(slice);
    const { instance: own, ports } = this.#parts;
    if (instance !== own) throw new RangeError(`slice: expected one of ${own}, got ${slice}`);
    if (!ports.includes(port)) throw new RangeError(`port: expected one of ${ports.join(', ')}, got ${port}`);
    return port;
  }

  #inTurn<T>(port: number, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(port) ?? Promise.resolve();
    const done = before.then(work, work);
    this.#queues.set(
      port,
      done.catch(() => {}),
    );
    return done;
  }
}
