/** What became of load during an interval, in the shard's unit × seconds. */
export interface Tally {
  served: number;
  unmet: number;
  /** Served load × the seconds that it waited. */
  waited: number;
}

/** Load that arrived evenly in [from, to). */
interface Arrived {
  readonly from: number;
  readonly to: number;
  readonly rate: number;
}

/** Seconds below which two instants are one. */
const TINY = 1e-9;

/**
 * Load as a fluid that waits in line, first come first served, for at most `maxWait` seconds; what would wait longer
 * is unmet. Exact for load and capacity that are constant between calls: the head of the line is an arrival time
 * that moves at speed capacity / rate, and at speed 1 where it is `maxWait` old.
 */
export class FluidQueue {
  readonly #maxWait: number;
  #line: Arrived[] = [];
  #head = 0;

  constructor(maxWait: number) {
    this.#maxWait = maxWait;
  }

  /** Load that waits, in the shard's unit × seconds. */
  get backlog(): number {
    return this.#line.reduce((sum, { from, to, rate }) => sum + rate * (to - Math.max(from, this.#head)), 0);
  }

  /** Serves [from, to) with this load arriving and this capacity, and adds to the tally. */
  serve(from: number, to: number, load: number, capacity: number, tally: Tally): void {
    if (this.#line.length === 0) {
      const seconds = to - from;
      if (load <= capacity || this.#maxWait === 0) {
        tally.served += Math.min(load, capacity) * seconds;
        tally.unmet += Math.max(0, load - capacity) * seconds;
        return;
      }
      this.#head = from;
    }
    this.#line.push({ from, to, rate: load });
    let now = from;
    while (now < to - TINY) now += this.#step(now, to - now, capacity, tally);
    while (this.#line[0] !== undefined && this.#line[0].to <= this.#head + TINY) this.#line.shift();
    if (this.#head >= to - TINY) this.#line = [];
  }

  /** Goes on until something changes, at most `left` seconds; returns how long that was. */
  #step(now: number, left: number, capacity: number, tally: Tally): number {
    while ((this.#line[0] as Arrived).to <= this.#head + TINY) this.#line.shift();
    const { to, rate } = this.#line[0] as Arrived;
    const age = now - this.#head;
    if (rate === 0 && age > TINY) {
      this.#head = Math.min(to, now);
      return 0;
    }
    const atEnd = age >= this.#maxWait - TINY;
    const atFront = age <= TINY;
    const free = rate === 0 ? Number.POSITIVE_INFINITY : capacity / rate;
    const speed = (atEnd && free < 1) || (atFront && free > 1) ? 1 : free;
    let seconds = Math.min(left, speed > 0 ? (to - this.#head) / speed : left);
    if (speed > 1) seconds = Math.min(seconds, age / (speed - 1));
    if (speed < 1) seconds = Math.min(seconds, (this.#maxWait - age) / (1 - speed));
    const served = Math.min(capacity, speed * rate) * seconds;
    this.#head += speed * seconds;
    tally.served += served;
    tally.unmet += speed * rate * seconds - served;
    tally.waited += served * (age + (seconds * (1 - speed)) / 2);
    return seconds;
  }
}
