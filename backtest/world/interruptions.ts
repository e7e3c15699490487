import type { Seconds } from '../../core/time.ts';
import type { InterruptionRecord } from '../report/run-record.ts';

export interface ServingView {
  /** Slices of the instance that serve, per shard. */
  readonly on: (instance: string) => ReadonlyMap<string, number>;
  /** Slices that the shard lacks for the load of this minute when those on the instance are left out. */
  readonly short: (shard: string, without: number) => number;
}

interface Begun {
  readonly zone: string;
  readonly before: readonly { readonly shard: string; readonly slices: number }[];
  rebalanceAt?: Seconds;
  noticeAt?: Seconds;
}

/**
 * Follows each interruption from its first announcement to the instance's end. A slice counts as absorbed when
 * its shard can serve the load of that minute without it; one that served nothing needs nothing.
 */
export class InterruptionLog {
  readonly records: InterruptionRecord[] = [];
  readonly #begun = new Map<string, Begun>();
  readonly #view: ServingView;

  constructor(view: ServingView) {
    this.#view = view;
  }

  announced(instance: string, zone: string, kind: 'rebalance' | 'notice', at: Seconds): void {
    let begun = this.#begun.get(instance);
    if (begun === undefined) {
      const on = [...this.#view.on(instance)];
      begun = {
        zone,
        before: on.map(([shard, slices]) => ({ shard, slices })),
      };
      this.#begun.set(instance, begun);
    }
    if (kind === 'rebalance') begun.rebalanceAt ??= at;
    else begun.noticeAt ??= at;
  }

  /** The instance has ended; called while what it serves still counts. Without a notice it was no interruption. */
  ended(instance: string, at: Seconds): void {
    const begun = this.#begun.get(instance);
    this.#begun.delete(instance);
    if (begun?.noticeAt === undefined) return;
    const on = this.#view.on(instance);
    let absorbed = 0;
    let slices = 0;
    for (const was of begun.before) {
      const short = this.#view.short(was.shard, on.get(was.shard) ?? 0);
      absorbed += Math.max(0, was.slices - short);
      slices += was.slices;
    }
    this.records.push({
      instance,
      zone: begun.zone,
      ...(begun.rebalanceAt === undefined ? {} : { rebalanceAt: begun.rebalanceAt }),
      noticeAt: begun.noticeAt,
      goneAt: at,
      shards: begun.before.map(({ shard }) => shard),
      absorbed,
      slices,
    });
  }
}
