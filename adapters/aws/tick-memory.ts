import type { Finding } from '../../core/capacity/plan.ts';
import type { Seconds } from '../../core/time.ts';
import { type Item, PK, type Table } from './table.ts';

const TICK = 'tick';
const FINDINGS = 'findings';
const ROUTES = 'routes';

/** A finding that was there at the last tick. */
export interface OpenFinding {
  readonly kind: Finding['kind'];
  readonly shard?: string;
  readonly since: Seconds;
  readonly publishedAt: Seconds;
  readonly what?: string;
}

/** Item `state`/`tick`. */
export interface TickItem extends Item {
  /** The last good tick. */
  readonly at?: Seconds;
  /** Up to then it is counted what happened. */
  readonly countedAt?: Seconds;
  readonly etag?: string;
  readonly routesAsked?: { readonly etag: string; readonly at: Seconds };
  /** When a tick last found another one at work. */
  readonly askedAt?: Seconds;
  /** How many have, ever. */
  readonly skipped?: number;
}

interface Change {
  readonly goodAt?: Seconds;
  readonly countedAt?: Seconds;
  readonly etag?: string;
  readonly routesAsked?: { readonly etag: string; readonly at: Seconds };
  readonly open?: readonly OpenFinding[];
}

/** What is kept from one tick to the next, in items `state`/`tick` and `state`/`findings`. */
export class TickMemory {
  readonly #table: Table;
  /** As read or written last: most ticks change nothing of it. */
  #open = '';

  constructor(table: Table) {
    this.#table = table;
  }

  async read() {
    const [tick, findings, routes] = await Promise.all(
      [TICK, FINDINGS, ROUTES].map((name) => this.#table.get(PK.state, name)),
    );
    const { at, countedAt, etag, routesAsked } = (tick ?? {}) as Partial<TickItem>;
    const open = (findings?.open ?? []) as readonly OpenFinding[];
    this.#open = JSON.stringify(open);
    return {
      ...(at !== undefined && { goodAt: at }),
      ...(countedAt !== undefined && { countedAt }),
      ...(etag !== undefined && { etag }),
      ...(routesAsked !== undefined && { routesAsked }),
      ...(typeof routes?.etag === 'string' && { routesEtag: routes.etag }),
      open,
    };
  }

  async write({ goodAt, open, ...rest }: Change): Promise<void> {
    const text = open && JSON.stringify(open);
    if (open !== undefined && text !== undefined && text !== this.#open) {
      await this.#table.put({ pk: PK.state, sk: FINDINGS, open });
      this.#open = text;
    }
    const set = { ...rest, ...(goodAt !== undefined && { at: goodAt }) };
    if (Object.keys(set).length > 0) await this.#table.update(PK.state, TICK, { set });
  }

  async ask(at: Seconds): Promise<void> {
    await this.#table.update(PK.state, TICK, { set: { askedAt: at }, add: { skipped: 1 } });
  }

  async askedAt(): Promise<Seconds | undefined> {
    return ((await this.#table.get(PK.state, TICK)) as TickItem | undefined)?.askedAt;
  }

  /** The last good tick; undefined before the first. */
  async goodAt(): Promise<Seconds | undefined> {
    return ((await this.#table.get(PK.state, TICK)) as TickItem | undefined)?.at;
  }
}
