import { type Item, PRICES } from './prices.ts';

/** How much was used of what costs; units as in the price list. */
export class Usage {
  readonly amounts = new Map<Item, number>();

  add(item: Item, amount: number): void {
    this.amounts.set(item, this.of(item) + amount);
  }

  of(item: Item): number {
    return this.amounts.get(item) ?? 0;
  }

  /** This one, so many times. */
  times(factor: number): Usage {
    const usage = new Usage();
    for (const [item, amount] of this.amounts) usage.add(item, amount * factor);
    return usage;
  }

  plus(other: Usage): Usage {
    const usage = this.times(1);
    for (const [item, amount] of other.amounts) usage.add(item, amount);
    return usage;
  }

  /** What this one has more of than another; of what it has less, nothing: computing times vary. */
  beyond(other: Usage): Usage {
    const usage = new Usage();
    for (const [item, amount] of this.amounts)
      if (amount > other.of(item)) usage.add(item, amount - other.of(item));
    return usage;
  }

  /** $ in all. */
  get usd(): number {
    return this.lines().reduce((sum, { usd }) => sum + usd, 0);
  }

  /** Dearest first. */
  lines(): { readonly item: Item; readonly amount: number; readonly usd: number }[] {
    return [...this.amounts]
      .map(([item, amount]) => ({ item, amount, usd: (amount * PRICES[item].usd) / PRICES[item].per }))
      .sort((a, b) => b.usd - a.usd);
  }
}

export interface Called {
  /** MiB that the function has. */
  readonly memory: number;
  /** Seconds in which it waited for others. */
  readonly waited: number;
  /** Seconds of a whole core that it computed. */
  readonly computed: number;
  /** Bytes of its own log lines. */
  readonly logged?: number;
}

/** Lambda gives a whole core from here on, and a part of one below. */
export const CORE_MIB = 1769;
/** JSON lines that Lambda itself writes about an invocation (start, report), with what surrounds them. */
export const PLATFORM_LOG = 900;
/** The one line that our frame writes about an invocation. */
export const FRAME_LOG = 700;

/** One invocation: its request, its time (computing takes longer on a part of a core), its log, its trace. */
export function invoked(usage: Usage, { memory, waited, computed, logged = 0 }: Called): number {
  const seconds = waited + computed * Math.max(1, CORE_MIB / memory);
  usage.add('lambdaRequests', 1);
  usage.add('lambdaGbSeconds', (seconds * memory) / 1024);
  usage.add('logGb', (PLATFORM_LOG + FRAME_LOG + logged) / 1e9);
  return seconds;
}
