import type { Proposal } from '../../core/forecast/emerging/proposal.ts';
import type { Proposals, StoredProposal } from '../../core/forecast/emerging/store.ts';
import { PK, type Table } from './table.ts';

/** Items `proposal`: one per shard that is proposed. */
export class ProposalItems implements Proposals {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async list(): Promise<readonly StoredProposal[]> {
    const items = await this.#table.query(PK.proposal);
    return items.map(({ pk: _, sk, ...rest }) => ({ ...rest, name: sk }) as unknown as StoredProposal);
  }

  async put({ name, ...rest }: Proposal, seen: number | undefined): Promise<boolean> {
    return this.#table.put(
      { ...rest, pk: PK.proposal, sk: name, version: (seen ?? 0) + 1 },
      seen === undefined ? { pk: { absent: true } } : { version: { is: seen } },
    );
  }

  async remove(name: string, seen: number): Promise<boolean> {
    return this.#table.delete(PK.proposal, name, { version: { is: seen } });
  }
}
