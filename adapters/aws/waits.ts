import type { TargetHealth } from '../../core/ports.ts';
import { DAY, type Seconds } from '../../core/time.ts';
import { PK, type Table } from './table.ts';

/** A move that waits until a target is in the state that it wants: a `wait` item. */
export interface Wait {
  readonly slice: string;
  readonly shard: string;
  readonly wanted: 'unused' | 'healthy';
  /** Answers the state machine. */
  readonly token: string;
  /** Answered then at the latest, with whatever is seen. */
  readonly by: Seconds;
}

/** What a wait is answered with. */
export interface Answer {
  readonly state: TargetHealth | 'unknown';
  /** The time is up. */
  readonly late: boolean;
}

/** The waits, one per slice and state: a move that waits anew takes the place of its earlier wait. */
export class Waits {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async add(wait: Wait): Promise<void> {
    await this.#table.put({ pk: PK.wait, sk: keyOf(wait), ...wait, ttl: Math.ceil(wait.by + DAY) });
  }

  async all(): Promise<readonly Wait[]> {
    return (await this.#table.query(PK.wait)).map(
      ({ pk: _, sk: __, ttl: ___, ...wait }) => wait as unknown as Wait,
    );
  }

  /** Harmless when a new wait has taken its place. */
  async drop(wait: Wait): Promise<void> {
    await this.#table.delete(PK.wait, keyOf(wait), { token: { is: wait.token } });
  }
}

const keyOf = ({ slice, wanted }: Wait) => `${slice}#${wanted}`;
