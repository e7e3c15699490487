import { predictCopy } from '../../core/hand-over/predict.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';

/** Seconds that quiescing, verifying, importing and passing the slots take. */
export const FIXED_PAUSE: Seconds = 0.5;
/** What a hand-over must be over before the instance's end. */
export const MARGIN: Seconds = 2;
const MIB = 1_048_576;

export interface Copy {
  readonly source: string;
  readonly target: string;
  readonly shard: string;
  /** When everything but the last changes is there. */
  readonly copiedAt: Seconds;
  pause: Seconds;
  readonly openedAt: Seconds;
  /** Told to switch. */
  isDue: boolean;
}

/** Copies that are under way, over the links of the instances. */
export class Copies {
  readonly bySource = new Map<string, Copy>();
  readonly byTarget = new Map<string, Copy>();
  readonly #settings: Settings;
  readonly #state: ReadonlyMap<string, { readonly bytes: number; readonly dirty: number }>;
  readonly #links = new Map<string, number>();
  readonly #rates = new WeakMap<Copy, number>();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#state = new Map(
      settings.shards.map(({ name, handOver: { stateMiB, dirtyPerSecond } }) => [
        name,
        { bytes: stateMiB * MIB, dirty: stateMiB * MIB * dirtyPerSecond },
      ]),
    );
  }

  /** Begins a copy; the target enters the shard's environment first. Copies of one instance share its link. */
  open(source: string, target: string, shard: string, now: Seconds): Copy {
    const { reserves, leadTimes } = this.#settings.fleet;
    const sharing = Math.max(this.#use(source, 1), this.#use(target, 1));
    const { bytes, dirty } = this.#state.get(shard)!;
    const { precopy, pause } = predictCopy({
      stateBytes: bytes,
      dirtyBytesPerSecond: dirty,
      bytesPerSecond: (reserves.gbps * 1e9) / 8 / sharing,
      fixedPause: FIXED_PAUSE,
    });
    const copiedAt = now + leadTimes.activate.seconds + precopy;
    const copy: Copy = { source, target, shard, copiedAt, pause, openedAt: now, isDue: false };
    this.#rates.set(copy, (reserves.gbps * 1e9) / 8 / sharing);
    this.bySource.set(source, copy);
    this.byTarget.set(target, copy);
    return copy;
  }

  /**
   * When the switch is over, if it begins now: after all rounds of pre-copy, or, where that is too late, with the source
   * stopped now for what is left to copy.
   */
  switchAt(copy: Copy, now: Seconds, by: Seconds): Seconds {
    const at = Math.max(copy.copiedAt, now) + copy.pause;
    if (at <= by) return at;
    const { bytes, dirty } = this.#state.get(copy.shard)!;
    const rate = this.#rates.get(copy)!;
    const begun = copy.openedAt + this.#settings.fleet.leadTimes.activate.seconds;
    const changed = Math.min(bytes, dirty * Math.max(0, now - begun));
    const stopped = Math.max(begun + bytes / rate, now) + changed / rate + FIXED_PAUSE;
    if (stopped >= at) return at;
    copy.pause = stopped - Math.max(now, begun);
    return stopped;
  }

  close({ source, target }: Copy): void {
    this.bySource.delete(source);
    this.byTarget.delete(target);
    this.#use(source, -1);
    this.#use(target, -1);
  }

  /** Seconds that a planned hand-over takes, over a link of its own. */
  planned(shard: string): Seconds {
    const { reserves, leadTimes } = this.#settings.fleet;
    const { bytes, dirty } = this.#state.get(shard)!;
    const { precopy, pause } = predictCopy({
      stateBytes: bytes,
      dirtyBytesPerSecond: dirty,
      bytesPerSecond: (reserves.gbps * 1e9) / 8,
      fixedPause: FIXED_PAUSE,
    });
    return leadTimes.activate.seconds + precopy + pause;
  }

  #use(slice: string, by: 1 | -1): number {
    const { instance } = parseSliceId(slice);
    const uses = (this.#links.get(instance) ?? 0) + by;
    if (uses > 0) this.#links.set(instance, uses);
    else this.#links.delete(instance);
    return uses;
  }
}
