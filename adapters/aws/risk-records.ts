import type { Baseline } from '../../core/interruption/baseline.ts';
import { NO_HISTORY, noteInterruptionOf, type PoolHistory } from '../../core/interruption/pool-history.ts';
import { poolKey, type SpotPool } from '../../core/interruption/risk.ts';
import { DAY, type Seconds } from '../../core/time.ts';
import { PK, type Table } from './table.ts';

const BASELINES = 'baselines';
/** A pool that was quiet for so long has nothing left to be remembered. */
const FORGOTTEN: Seconds = 14 * DAY;

type Baselines = Readonly<Record<string, Readonly<Record<string, Baseline>>>>;

/** What the interruption risk remembers: an item per Spot pool that was interrupted, and `state`/`baselines`. */
export class RiskRecords {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** By {@link poolKey}. */
  async pools(): Promise<ReadonlyMap<string, PoolHistory>> {
    const items = await this.#table.query(PK.pool);
    return new Map(items.map(({ sk, history }) => [sk, history as PoolHistory]));
  }

  /** One more interruption of a pool; the same one may be noted again. */
  async note(pool: SpotPool, at: Seconds): Promise<void> {
    const key = poolKey(pool);
    for (;;) {
      const seen = await this.#table.get(PK.pool, key);
      const before = (seen?.history as PoolHistory | undefined) ?? NO_HISTORY;
      const history = noteInterruptionOf(before, at);
      if (history === before) return;
      const version = (seen?.version as number | undefined) ?? 0;
      const item = { pk: PK.pool, sk: key, history, version: version + 1, ttl: Math.ceil(at + FORGOTTEN) };
      const only = seen === undefined ? { pk: { absent: true as const } } : { version: { is: version } };
      if (await this.#table.put(item, only)) return;
    }
  }

  async baselines(): Promise<Baselines> {
    return ((await this.#table.get(PK.state, BASELINES))?.shards as Baselines | undefined) ?? {};
  }

  async keepBaselines(shards: Baselines): Promise<void> {
    await this.#table.put({ pk: PK.state, sk: BASELINES, shards });
  }
}
