import { parseSliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import { type Copy, MARGIN } from './hand-overs.ts';
import type { Stage } from './stage.ts';

/** An agent looks at the instance metadata so often, and reads its orders so often. */
const LOOK: Seconds = 2;
const BEAT: Seconds = 10;

/** The agents: they see what is announced, read their orders at the next beat, copy, and switch at the notice. */
export class AgentsOnHosts {
  readonly #stage: Stage;
  /** Slices whose agents want a reserve. */
  readonly #wanting = new Set<string>();
  #orders: Readonly<Record<string, string>> = {};

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Slice → reserve; read with the next beat. */
  order(orders: Readonly<Record<string, string>>): void {
    const { clock, luck } = this.#stage;
    clock.schedule(clock.now() + luck.between(0, BEAT), () => {
      this.#orders = orders;
      for (const slice of [...this.#wanting]) this.#begin(slice);
    });
  }

  /** The agent sees what the metadata say, and does what it can with the reserve that it has. */
  sees(id: string): void {
    this.#stage.clock.schedule(this.#stage.clock.now() + this.#stage.luck.between(0, LOOK), () => {
      for (const [slice, { placement }] of this.#stage.slicesOn(id))
        if (placement.kind === 'active') this.#begin(slice);
    });
  }

  #begin(slice: string): void {
    const source = this.#stage.slices.get(slice);
    if (source?.placement.kind !== 'active') return;
    const { shard } = source.placement;
    const now = this.#stage.clock.now();
    let copy = this.#stage.copies.bySource.get(slice);
    if (copy === undefined) {
      const target = this.#orders[slice] ?? '';
      const reserve = this.#stage.slices.get(target);
      if (reserve?.placement.kind !== 'reserved' || reserve.busy) {
        this.#wanting.add(slice);
        return;
      }
      this.#wanting.delete(slice);
      reserve.busy = true;
      copy = this.#stage.copies.open(slice, target, shard, now);
    }
    const deadline = this.#stage.deadlines.get(parseSliceId(slice).instance);
    if (deadline !== undefined && !copy.isDue) this.#switch(copy, deadline);
  }

  /** At the notice: the last changes, unless it is known that there is no time for them. */
  #switch(copy: Copy, deadline: Seconds): void {
    copy.isDue = true;
    const now = this.#stage.clock.now();
    const at = this.#stage.copies.switchAt(copy, now, deadline - MARGIN);
    if (at > deadline - MARGIN) {
      this.#stage.tally.tooLate += 1;
      return;
    }
    this.#stage.clock.schedule(at, () => {
      if (this.#stage.copies.bySource.get(copy.source) !== copy) return;
      this.#stage.copies.close(copy);
      const source = this.#stage.slices.get(copy.source);
      const target = this.#stage.slices.get(copy.target);
      if (source === undefined || target === undefined) return;
      const since = this.#stage.clock.now();
      source.placement = { kind: 'draining', since, shard: copy.shard };
      target.placement = { kind: 'active', since, shard: copy.shard };
      target.busy = false;
      this.#stage.tally.handedOver += 1;
      this.#stage.tally.pauses.push(copy.pause);
      const { instance } = parseSliceId(copy.target);
      // The reserve's own pool may be going too.
      if (this.#stage.isAnnounced(instance)) this.sees(instance);
    });
  }

  /** The target has gone: the source needs another one. */
  abandon(copy: Copy): void {
    this.#stage.copies.close(copy);
    this.#wanting.add(copy.source);
    this.#stage.ask();
  }

  /** The instance ends: whatever state is still there is gone with it. */
  ended(id: string): void {
    for (const [slice, { placement }] of this.#stage.slicesOn(id)) {
      this.#wanting.delete(slice);
      const copy = this.#stage.copies.bySource.get(slice);
      if (copy !== undefined) {
        this.#stage.copies.close(copy);
        const target = this.#stage.slices.get(copy.target);
        if (target !== undefined) target.busy = false;
      }
      if (!this.#stage.hasState(placement)) continue;
      if (this.#stage.deadlines.has(id)) this.#stage.tally.lost += 1;
      else this.#stage.tally.silent += 1;
    }
  }
}
