import type { Proposal } from './proposal.ts';

/** A proposal as it is stored; a conditional write names the version that it saw. */
export interface StoredProposal extends Proposal {
  readonly version: number;
}

/** Where proposals are kept: one per name. */
export interface Proposals {
  list(): Promise<readonly StoredProposal[]>;
  /** False: somebody else has written it since `seen` was read. @param seen undefined: there is none yet */
  put(proposal: Proposal, seen: number | undefined): Promise<boolean>;
  /** False as above. */
  remove(name: string, seen: number): Promise<boolean>;
}
