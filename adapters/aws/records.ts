import { formatStamp } from '../../core/settings/stamp.ts';
import { DAY, type Seconds } from '../../core/time.ts';
import { type Planned, type PlanRecord, packPlan, unpackPlan } from './plan-record.ts';
import { type Item, movesKey, PK, type Table } from './table.ts';

export type { Planned, PlanRecord };

type Move = Planned['moves'][number]['move'];

/** How a move ended. */
export interface MoveOutcome {
  readonly outcome: 'done' | 'failed' | 'lost-claim';
  readonly at: Seconds;
  readonly error?: string;
}

/** A move that was started, and how it ended, if it has. */
export interface MoveRecord {
  readonly at: Seconds;
  readonly move: Move;
  readonly outcome?: MoveOutcome['outcome'];
  readonly doneAt?: Seconds;
  readonly error?: string;
}

export interface Span {
  readonly from: Seconds;
  readonly to: Seconds;
}

/** How long plans and moves are kept. */
const PLANS: Seconds = 7 * DAY;
const MOVES: Seconds = 30 * DAY;

/**
 * What was decided and what became of it: `foreshard status` and `explain` and the charts read it. A plan has the
 * key of its second, because plans are also made between the minutes; `latest` is the last one once more.
 */
export class Records {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Writes a tick's plan and each move that it started. A repeat writes the same. */
  async planned(planned: Planned): Promise<void> {
    const { at } = planned.plan;
    const plan = { pk: PK.plan, at, plan: packPlan(planned) };
    await Promise.all([
      this.#table.put({ ...plan, sk: 'latest' }),
      this.#table.put({ ...plan, sk: formatStamp(at), ttl: Math.ceil(at + PLANS) }),
      ...planned.moves.map(({ move }) => this.started(at, move)),
    ]);
  }

  /** Writes that a move was started. It may have ended before: what is known of its end stays. */
  async started(at: Seconds, move: Move): Promise<void> {
    await this.#write(at, move, {});
  }

  /**
   * Writes how a move ended, and what it was: a tick that was killed may not have come to that.
   * @param plannedAt time of the plan that has the move
   */
  async moveDone(plannedAt: Seconds, move: Move, { outcome, at, error }: MoveOutcome): Promise<void> {
    await this.#write(plannedAt, move, { outcome, doneAt: at, error });
  }

  async #write(at: Seconds, move: Move, end: Readonly<Record<string, unknown>>): Promise<void> {
    const { id, slice, from, to, reason } = move;
    const stamp = formatStamp(at);
    const shards = [from, to].flatMap((place) => ('shard' in place ? [place.shard] : []));
    const what = { move: id, slice, from, to, reason, shards: [...new Set(shards)], at };
    await this.#table.update(movesKey(stamp), `${stamp}#${id}`, {
      set: { ...what, ...end, ttl: Math.ceil(at + MOVES) },
    });
  }

  async latestPlan(): Promise<PlanRecord | undefined> {
    const item = await this.#table.get(PK.plan, 'latest');
    return item && unpackPlan(item.plan);
  }

  /** Plans made in a span, ascending. */
  async plans({ from, to }: Span): Promise<readonly PlanRecord[]> {
    const items = await this.#table.query(PK.plan, { from: formatStamp(from), to: formatStamp(to) });
    return items.map(({ plan }) => unpackPlan(plan));
  }

  /** Moves planned in a span, ascending. */
  async moves({ from, to }: Span): Promise<readonly MoveRecord[]> {
    const days: string[] = [];
    for (let day = Math.floor(from / DAY); day <= Math.floor(to / DAY); day++)
      days.push(movesKey(formatStamp(day * DAY)));
    // `~` is above the `#` that ends a stamp.
    const range = { from: formatStamp(from), to: `${formatStamp(to)}~` };
    const found = await Promise.all(days.map((day) => this.#table.query(day, range)));
    // Of one that ended before it was written as started there is no more than its end.
    return found
      .flat()
      .filter(({ slice }) => slice !== undefined)
      .map(moveOf);
  }
}

function moveOf(item: Item): MoveRecord {
  const { move: id, slice, from, to, reason, at, outcome, doneAt, error } = item;
  const optional = { outcome, doneAt, error };
  const known = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return { at, move: { id, slice, from, to, reason }, ...known } as MoveRecord;
}
