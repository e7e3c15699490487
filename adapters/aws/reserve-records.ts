import type { Refusal } from '../../core/capacity/plan.ts';
import { type HandOver, isOver } from '../../core/hand-over/record.ts';
import type { ReserveRequest } from '../../core/interruption/risk.ts';
import { sliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import { readRefusals } from './fleet-launch.ts';
import { ReserveRequests } from './reserve-requests.ts';
import { type Item, PK, type Table } from './table.ts';

const ORDER = /^reserve(\d+)$/;

/** What the plan has to know about reserves besides the fleet: one query each. */
export class ReserveRecords {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  requests(now: Seconds): Promise<readonly ReserveRequest[]> {
    return new ReserveRequests(this.#table).live(now);
  }

  refusals(now: Seconds): Promise<readonly Refusal[]> {
    return readRefusals(this.#table, now);
  }

  async orders(): Promise<Readonly<Record<string, string>>> {
    const orders: Record<string, string> = {};
    for (const item of await this.#table.query(PK.agent))
      for (const [name, reserve] of Object.entries(item)) {
        const port = ORDER.exec(name)?.[1];
        if (port !== undefined && typeof reserve === 'string')
          orders[sliceId(item.sk, Number(port))] = reserve;
      }
    return orders;
  }

  async handingOver(): Promise<Readonly<Record<string, string>>> {
    const items = (await this.#table.query(PK.handOver)) as unknown as readonly (Item & HandOver)[];
    return Object.fromEntries(items.filter((one) => !isOver(one)).map(({ sk, target }) => [sk, target]));
  }
}
