import type { Seconds } from '../../core/time.ts';
import { PK, type Table } from './table.ts';

/** Names of what only one may do at a time. */
export type LeaseName = 'plan' | 'poll-targets' | 'route-sync';

/**
 * Leases on the table. One that was not released ends by itself, so its holder must be done by then: `expires` is
 * the end of the function's time, not an hour later.
 */
export class Leases {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Whether the holder has it now: it was free, has run out, or is the holder's already; then it is prolonged. */
  async take(name: LeaseName, holder: string, expires: Seconds, now: Seconds): Promise<boolean> {
    const taken = await this.#table.update(PK.lease, name, { set: { holder, expires } }, [
      { holder: { absent: true } },
      { expires: { atMost: now } },
      { holder: { is: holder } },
    ]);
    return taken.ok;
  }

  /** Whether somebody has it now. */
  async isHeld(name: LeaseName, now: Seconds): Promise<boolean> {
    const expires = (await this.#table.get(PK.lease, name))?.expires;
    return typeof expires === 'number' && expires > now;
  }

  /** Harmless when another has it by now. */
  async release(name: LeaseName, holder: string): Promise<void> {
    await this.#table.delete(PK.lease, name, { holder: { is: holder } });
  }
}
