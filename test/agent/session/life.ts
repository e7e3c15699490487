import type { AgentClock } from '../../../agent/gateway/clock.ts';
import type { ManualClock } from '../manual-clock.ts';

/** What a test does at a step of an agent; what it throws is what the call throws. @returns seconds that it holds the step up */
export type Fault = (step: {
  readonly name: string;
  readonly number: number;
  readonly after: boolean;
}) => number;

const never = () => new Promise<never>(() => {});

/**
 * One life of an agent's process. Each call that leaves it is a step: takes a little time, and may fail, or be the last
 * thing that the process does. A dead one is heard of no more.
 */
export class Life {
  dead = false;
  /** The table does not answer. */
  isolated = false;
  number = 0;
  readonly names: string[] = [];
  readonly #clock: ManualClock;
  readonly #fault: Fault;

  constructor(clock: ManualClock, fault: Fault) {
    this.#clock = clock;
    this.#fault = fault;
  }

  /** Time as this process sees it. */
  readonly clock: AgentClock = {
    now: () => this.#clock.now(),
    monotonic: () => this.#clock.monotonic(),
    sleep: (seconds, signal) => this.#guard(this.#clock.sleep(seconds, signal)),
    after: (seconds, call) => this.#clock.after(seconds, () => !this.dead && call()),
  };

  /** Calls of an object, each a step. */
  wrap<T extends object>(what: string, object: T, seconds: number): T {
    return new Proxy(object, {
      get: (target, key) => {
        const value = Reflect.get(target, key);
        if (typeof value === 'object' && value !== null) return this.wrap(what, value, seconds);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) =>
          this.step(`${what}.${String(key)}`, seconds, () => value.apply(target, args));
      },
    });
  }

  async step<T>(name: string, seconds: number, work: () => Promise<T>): Promise<T> {
    if (this.dead) return never();
    this.number += 1;
    const { number } = this;
    this.names.push(name);
    const late = this.#fault({ name, number, after: false });
    await this.#guard(this.#clock.sleep(seconds / 2 + late));
    if (this.isolated && name.startsWith('table')) {
      await this.#guard(this.#clock.sleep(1));
      throw new Error(`${name}: no answer`);
    }
    const result = await work();
    const later = this.dead ? 0 : this.#fault({ name, number, after: true });
    await this.#guard(this.#clock.sleep(seconds / 2 + later));
    return result;
  }

  async #guard<T>(promise: Promise<T>): Promise<T> {
    if (this.dead) return never();
    try {
      const value = await promise;
      return this.dead ? never() : value;
    } catch (error) {
      if (this.dead) return never();
      throw error;
    }
  }
}
