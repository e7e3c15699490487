/** Bounds on what strangers can cost. */
export interface AdmissionLimits {
  /** Connections that have not authenticated themselves, at once. */
  readonly pending: number;
  /** Of these from one address. */
  readonly pendingPerAddress: number;
  /** Knocks per second from one address, each of which costs a read of the table; twice as many at once. */
  readonly perSecond: number;
}

export const ADMISSION: AdmissionLimits = { pending: 128, pendingPerAddress: 32, perSecond: 20 };

/** Addresses whose knocks are counted; the one that knocked longest ago is forgotten first. */
const MOST_ADDRESSES = 1024;

/** Whether a connection is worth a look. Time (monotonic seconds) is an argument. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #pending = new Map<string, number>();
  readonly #tokens = new Map<string, { left: number; at: number }>();
  #all = 0;

  constructor(limits: AdmissionLimits = ADMISSION) {
    this.#limits = limits;
  }

  /** Counts a connection in; {@link left} counts it out. */
  enter(address: string): boolean {
    const here = this.#pending.get(address) ?? 0;
    if (this.#all >= this.#limits.pending || here >= this.#limits.pendingPerAddress) return false;
    this.#all += 1;
    this.#pending.set(address, here + 1);
    return true;
  }

  left(address: string): void {
    const here = (this.#pending.get(address) ?? 0) - 1;
    this.#all -= 1;
    if (here > 0) this.#pending.set(address, here);
    else this.#pending.delete(address);
  }

  /** Takes one from the address's bucket. */
  knock(address: string, now: number): boolean {
    const most = 2 * this.#limits.perSecond;
    const seen = this.#tokens.get(address) ?? { left: most, at: now };
    const left = Math.min(most, seen.left + (now - seen.at) * this.#limits.perSecond);
    this.#tokens.delete(address);
    this.#tokens.set(address, { left: left < 1 ? left : left - 1, at: now });
    if (this.#tokens.size > MOST_ADDRESSES) this.#tokens.delete(this.#tokens.keys().next().value!);
    return left >= 1;
  }
}
