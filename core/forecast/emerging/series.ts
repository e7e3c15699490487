import type { StateReader, StateWriter } from '../state.ts';
import { AHEAD, KINDS, type Kind, sustained } from './outlook.ts';

/** Hours of load that are kept of a key: what an outlook looks at, and what one of a day ago is judged by. */
export const KEPT = 48;
/** What an hour counts for the weight of a key after another one. */
const MEMORY = 0.97;
/** A day of which less is known judges no outlook. */
const JUDGED = 18;

/** One hour's outlook, to be judged when its hours are over. */
interface Said {
  readonly kind: Kind;
  readonly peak: number;
}

/** The load of one key in the last hours, and what was said of it. */
export class Series {
  readonly #loads = new Float32Array(KEPT).fill(Number.NaN);
  readonly #peaks = new Float32Array(AHEAD);
  readonly #kinds = new Uint16Array(AHEAD);
  /** Load of long and of late: the key with the least makes room. */
  weight = 0;
  /** Hours in a row in which it was unlikely to deserve a shard. */
  low = 0;
  /** When it was proposed (hours since the epoch); 0 while it is not. */
  since = 0;

  /** @param before hours up to now of which something is known: a key that was not looked at then had next to nothing */
  constructor(before: ArrayLike<number> = []) {
    for (let ago = 1; ago <= before.length; ago++)
      if (!Number.isNaN(before[before.length - ago]!)) this.#loads[KEPT - ago] = 0;
  }

  /** Loads hour by hour, the newest last; `NaN` where nothing is known. */
  get loads(): Float32Array {
    return this.#loads;
  }

  push(load: number): void {
    this.#loads.copyWithin(0, 1);
    this.#loads[KEPT - 1] = load;
    this.weight = MEMORY * this.weight + (Number.isNaN(load) ? 0 : load);
  }

  /** @param hour hours since the epoch */
  say(hour: number, { kind, peak }: Said): void {
    this.#peaks[hour % AHEAD] = peak;
    this.#kinds[hour % AHEAD] = KINDS.indexOf(kind);
  }

  /** What was said {@link AHEAD} hours before `hour`, and what came; undefined where that is not known. */
  judged(hour: number): (Said & { readonly came: number }) | undefined {
    const peak = this.#peaks[hour % AHEAD]!;
    const day = this.#loads.subarray(KEPT - AHEAD);
    if (peak === 0 || day.filter((load) => !Number.isNaN(load)).length < JUDGED) return undefined;
    return { kind: KINDS[this.#kinds[hour % AHEAD]!]!, peak, came: sustained(day) };
  }

  save(out: StateWriter): void {
    out.numbers(this.weight, this.low, this.since);
    out.array(this.#loads);
    out.array(this.#peaks);
    out.array(this.#kinds);
  }

  load(from: StateReader): void {
    const [weight, low, since] = from.numbers(3) as [number, number, number];
    Object.assign(this, { weight, low, since });
    from.fill(this.#loads);
    from.fill(this.#peaks);
    from.fill(this.#kinds);
  }
}
