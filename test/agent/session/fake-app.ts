import { Readable } from 'node:stream';
import type { App, AppStats, Changes } from '../../../agent/contract.ts';

interface Slot {
  /** Key → number of the change that wrote it, in order. */
  readonly entries: Map<string, number>;
  changes: number;
  epoch: number;
  serving: boolean;
  quiet: boolean;
}

/** A dictionary per slot. Survives its agent; what it is told that must not happen is written to `wrongs`. */
export class FakeApp implements App {
  readonly slots = new Map<number, Slot>();
  readonly wrongs: string[] = [];
  readonly calls: string[] = [];
  shard: string | undefined;
  /** Of this run. */
  generation = 1;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** Whether the write is in the state now: the acknowledgement. */
  write(slot: number, epoch: number, key: string): boolean {
    const one = this.slots.get(slot);
    if (one === undefined || !one.serving || one.quiet || epoch < one.epoch) return false;
    one.changes += 1;
    one.entries.set(key, one.changes);
    return true;
  }

  /** Its process ends, and another one begins with nothing. */
  restart(): void {
    this.generation += 1;
    this.shard = undefined;
    this.slots.clear();
  }

  async activate(shard: string): Promise<void> {
    this.calls.push(`activate ${shard}`);
    this.shard = shard;
  }

  async deactivate(): Promise<void> {
    this.shard = undefined;
    this.slots.clear();
  }

  async serve(slot: number, epoch: number): Promise<void> {
    this.calls.push(`serve ${slot} ${epoch}`);
    const one = this.#slot(slot);
    if (epoch < one.epoch) this.wrongs.push(`${this.#name}: serve ${slot} under ${epoch} after ${one.epoch}`);
    one.epoch = epoch;
    one.serving = true;
  }

  async quiesce(slots: readonly number[]): Promise<void> {
    this.calls.push(`quiesce ${slots}`);
    for (const slot of slots) this.#slot(slot).quiet = true;
  }

  async resume(slots: readonly number[]): Promise<void> {
    this.calls.push(`resume ${slots}`);
    for (const slot of slots) {
      const one = this.slots.get(slot);
      if (one !== undefined) one.quiet = false;
    }
  }

  async release(slot: number, epoch: number): Promise<void> {
    this.calls.push(`release ${slot} ${epoch}`);
    this.slots.delete(slot);
  }

  async stats(): Promise<AppStats> {
    return {
      slots: [...this.slots].map(([slot, { entries }]) => ({ slot, stateBytes: entries.size * 8 })),
      metrics: {},
      generation: `run ${this.generation}`,
    };
  }

  readonly state = {
    changes: async (slot: number, since: string | undefined): Promise<Changes> => {
      const one = this.#slot(slot);
      const from = Number(since ?? 0);
      const lines = [...one.entries].filter(([, change]) => change > from).map(([key]) => key);
      return { token: `${one.changes}`, stream: Readable.from([Buffer.from(lines.join('\n'))]) };
    },
    apply: async (slot: number, changes: Readable): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of changes) chunks.push(chunk as Buffer);
      const one = this.#slot(slot);
      if (one.serving) this.wrongs.push(`${this.#name}: apply to slot ${slot}, which is served`);
      for (const key of Buffer.concat(chunks).toString().split('\n').filter(Boolean)) {
        one.changes += 1;
        one.entries.set(key, one.changes);
      }
    },
    discard: async (slot: number): Promise<void> => {
      this.calls.push(`discard ${slot}`);
      const one = this.slots.get(slot);
      if (one?.serving) this.wrongs.push(`${this.#name}: discard of slot ${slot}, which is served`);
      this.slots.delete(slot);
    },
  };

  #slot(slot: number): Slot {
    let one = this.slots.get(slot);
    if (one === undefined) {
      one = { entries: new Map(), changes: 0, epoch: 0, serving: false, quiet: false };
      this.slots.set(slot, one);
    }
    return one;
  }
}
