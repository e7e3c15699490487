import type { ReserveRequest } from '../../core/interruption/risk.ts';
import { DAY, type Seconds } from '../../core/time.ts';
import { type Item, PK, type Table } from './table.ts';

/** Reserves that were asked for: an item per request, which ends by itself. */
export class ReserveRequests {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** @param at now @param by who asked, for people. A repeat writes the same. */
  async put(request: ReserveRequest, at: Seconds, by: string): Promise<void> {
    const { id, shard, count, until } = request;
    await this.#table.put({
      pk: PK.reserveRequest,
      sk: id,
      shard,
      count,
      until,
      at,
      by,
      ttl: Math.ceil(until + DAY),
    });
  }

  /** Those that have not ended, by id. */
  async live(now: Seconds): Promise<readonly ReserveRequest[]> {
    return (await this.#table.query(PK.reserveRequest)).map(requestOf).filter(({ until }) => until > now);
  }

  /** Undefined: not there, or ended. */
  async get(id: string, now: Seconds): Promise<ReserveRequest | undefined> {
    const item = await this.#table.get(PK.reserveRequest, id);
    const request = item && requestOf(item);
    return request !== undefined && request.until > now ? request : undefined;
  }

  /** Harmless when it is not there. */
  async delete(id: string): Promise<void> {
    await this.#table.delete(PK.reserveRequest, id);
  }
}

const requestOf = ({ sk: id, shard, count, until }: Item) => ({ id, shard, count, until }) as ReserveRequest;
