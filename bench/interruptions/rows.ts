import { type Assumptions, type Policy, SCENARIO } from './scenario.ts';

/** One assumption that is not as in the scenario. */
export interface Variation {
  readonly name: string;
  readonly change: Partial<Assumptions>;
}

const habits = (change: Partial<Assumptions['habits']>) => ({ habits: { ...SCENARIO.habits, ...change } });

export const BASE: Variation = { name: 'the scenario', change: {} };

export const VARIATIONS: readonly Variation[] = [
  { name: 'no rebalance recommendation before the notice', change: habits({ rebalanceTogether: 1 }) },
  { name: 'every recommendation before the notice', change: habits({ rebalanceTogether: 0 }) },
  { name: 'recommendations at most 5 min before', change: habits({ rebalanceAhead: 300 }) },
  { name: 'new instances are not warned early', change: habits({ warnsNew: false }) },
  { name: '80–100 s of notice', change: habits({ notice: [80, 100] }) },
  { name: 'a zone is lost within 30 s', change: habits({ zoneLostWithin: 30 }) },
  { name: 'On-Demand and Spot take 480 s to start', change: { cold: 480 } },
  { name: '0.39 Gbit/s', change: { gbps: 0.39 } },
  { name: '5 Gbit/s', change: { gbps: 5 } },
  { name: '1–16 GiB of state', change: { stateMiB: [1024, 16_384] } },
  {
    name: 'two slices of half the state per instance, which share link and reserves',
    change: { slicesPerInstance: 2, stateMiB: [128, 2048], most: 2 * SCENARIO.most },
  },
  { name: '1–3 % of it dirty each second', change: { dirtyPerSecond: [0.01, 0.03] } },
  { name: '120 shards', change: { shards: 120, perZone: 3 * SCENARIO.perZone, most: 3 * SCENARIO.most } },
  { name: 'a loss costs a tenth', change: { lossCost: SCENARIO.lossCost / 10 } },
  { name: 'another seed', change: { seed: 2 } },
];

/** What is played: the scenario by every policy, and each variation by ours and one spare per shard. */
export interface Cell {
  readonly name: string;
  readonly policy: Policy;
  readonly assumed: Assumptions;
}

export function cellsOf(variations: readonly Variation[]): Cell[] {
  const cell = ({ name, change }: Variation, policy: Policy): Cell => ({
    name,
    policy,
    assumed: { ...SCENARIO, ...change },
  });
  return [
    ...(['foreshard', 'spare per shard', 'none'] as const).map((policy) => cell(BASE, policy)),
    ...variations.flatMap((one) => cell(one, 'foreshard')),
  ];
}
