import type { Activation } from './decide.ts';

/**
 * What shards ask for, in order. A claim is for one unit (the smallest slice); what a larger slice brings beyond it
 * meets the same shard's next claims, because capacities are added, never counts.
 */
export class Claims {
  private readonly claims: readonly Activation[];
  private readonly credit = new Map<number, number>();
  private at = 0;

  constructor(claims: readonly Activation[]) {
    this.claims = claims;
  }

  /** The next claim that is not met yet, taken off the list; undefined when there is none. */
  next(): Activation | undefined {
    for (let claim = this.claims[this.at]; claim !== undefined; claim = this.claims[this.at]) {
      this.at += 1;
      const credit = this.credit.get(claim.shard) ?? 0;
      if (credit < 1 - 1e-9) return claim;
      this.credit.set(claim.shard, credit - 1);
    }
    return undefined;
  }

  /** The claim taken last was answered with a slice of so many units. */
  met({ shard }: Activation, units: number): void {
    this.credit.set(shard, (this.credit.get(shard) ?? 0) + units - 1);
  }
}
