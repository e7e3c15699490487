import type { ModelConfig } from '../model/model.ts';

/**
 * An Auto Scaling group with an optional warm pool, in minute steps; counts only, since instances are equal.
 *
 * Lifecycle of an instance: launch (`cold` steps) or start from the warm pool (`warm` steps) → active → draining
 * (`drain` steps) → stopped in the warm pool while there is room (reuse on scale-in), else gone. The warm pool's size is
 * prepared capacity − group (`MaxGroupPreparedCapacity`); what is missing is launched cold, runs while it
 * initialises, and is stopped.
 *
 * Each minute: `arrive()`, then any `resize()`, then read `active` and `price()`.
 */
export class Group {
  /** Serving. */
  active: number;
  /** Launched or started for the group, not serving yet. */
  starting = 0;
  draining = 0;
  /** Stopped in the warm pool. */
  stopped: number;
  /** Initialising for the warm pool. */
  preparing = 0;

  readonly #prepared: number;
  readonly #cold: number;
  readonly #warm: number;
  readonly #drain: number;
  readonly #stoppedPrice: number;
  /** Rings by minute modulo their size: what arrives, ends its drain, or ends its initialisation then. */
  readonly #arriving: Int32Array;
  readonly #drained: Int32Array;
  readonly #initialised: Int32Array;
  #now = 0;

  /**
   * @param active instances that serve from the start, at least 1
   * @param prepared instances that group and warm pool hold together; 0 is no warm pool
   */
  constructor(active: number, prepared: number, config: ModelConfig) {
    const { cold, warm, drain } = config.lead;
    this.active = active;
    this.stopped = Math.max(0, prepared - active);
    this.#prepared = prepared;
    this.#cold = cold;
    this.#warm = warm;
    this.#drain = drain;
    this.#stoppedPrice = config.stopped;
    const size = Math.max(cold, warm, drain) + 1;
    this.#arriving = new Int32Array(size);
    this.#drained = new Int32Array(size);
    this.#initialised = new Int32Array(size);
  }

  /** Instances that the group counts as its capacity: those that warm up included, as AWS does. */
  get capacity(): number {
    return this.active + this.starting;
  }

  /** Running instances of this minute, the stopped ones at their price. */
  price(): number {
    return this.active + this.starting + this.draining + this.preparing + this.stopped * this.#stoppedPrice;
  }

  /** Opens the next minute: what is due arrives. */
  arrive(): void {
    this.#now++;
    if (this.starting + this.draining + this.preparing === 0) return;
    const slot = this.#now % this.#arriving.length;
    const arrived = this.#arriving[slot]!;
    if (arrived > 0) {
      this.active += arrived;
      this.starting -= arrived;
      this.#arriving[slot] = 0;
    }
    const drained = this.#drained[slot]!;
    if (drained > 0) {
      this.draining -= drained;
      this.#drained[slot] = 0;
      this.#stop(drained);
    }
    const initialised = this.#initialised[slot]!;
    if (initialised > 0) {
      this.preparing -= initialised;
      this.#initialised[slot] = 0;
      this.#stop(initialised);
    }
  }

  /** Sets desired capacity: launches from the warm pool first, then cold; releases active ones, never the last. */
  resize(desired: number): void {
    const change = desired - this.capacity;
    if (change > 0) {
      const fromWarm = Math.min(change, this.stopped);
      this.stopped -= fromWarm;
      this.#launch(fromWarm, this.#warm);
      this.#launch(change - fromWarm, this.#cold);
    } else if (change < 0) {
      const released = Math.min(-change, this.active - 1);
      this.active -= released;
      if (this.#drain > 0) {
        this.draining += released;
        const slot = (this.#now + this.#drain) % this.#drained.length;
        this.#drained[slot] = this.#drained[slot]! + released;
      } else this.#stop(released);
    }
    this.#refill();
  }

  #launch(count: number, lead: number): void {
    if (count === 0) return;
    if (lead === 0) {
      this.active += count;
      return;
    }
    this.starting += count;
    const slot = (this.#now + lead) % this.#arriving.length;
    this.#arriving[slot] = this.#arriving[slot]! + count;
  }

  /** Stops what the warm pool has room for; the rest is terminated. */
  #stop(count: number): void {
    const room = this.#prepared - this.capacity - this.stopped;
    if (room > 0) this.stopped += Math.min(count, room);
  }

  #refill(): void {
    // Draining instances will come back by themselves: launching for them would pay twice.
    const missing = this.#prepared - this.capacity - this.stopped - this.preparing - this.draining;
    if (missing <= 0) return;
    if (this.#cold === 0) {
      this.stopped += missing;
      return;
    }
    this.preparing += missing;
    const slot = (this.#now + this.#cold) % this.#initialised.length;
    this.#initialised[slot] = this.#initialised[slot]! + missing;
  }
}
