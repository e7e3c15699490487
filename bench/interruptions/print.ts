import type { AvailabilityTrace } from '../../backtest/input/spot.ts';
import { formatTable } from '../../cli/table.ts';
import { BASE, type Cell } from './rows.ts';
import type { Policy } from './scenario.ts';
import { handedOverShare, idleOf, type Outcome, sumOf } from './tally.ts';

export const GOALS = { handedOverShare: 0.995, lostWrites: 0, reservedHoursVsSparePerShard: 0.4 } as const;

/** One policy under one set of assumptions. */
export interface Row {
  readonly assumption: string;
  readonly policy: Policy;
  /** Slices with state that were announced to go. */
  readonly announced: number;
  readonly handedOverShare: number;
  readonly lost: number;
  /** Of `lost`: a reserve was there, and the time was too short. */
  readonly tooLate: number;
  /** Interrupted without any notice: outside the share. */
  readonly withoutNotice: number;
  readonly lostWrites: number;
  /** Idle instances on average: reserved, and ready for nobody. */
  readonly idle: number;
  /** Over one spare per shard. */
  readonly reservedHoursVsSparePerShard: number;
  /** Part of the serving instance-hours that were on Spot. */
  readonly spotShare: number;
  /** Seconds without an answer in a hand-over: median and 0.99 quantile. */
  readonly pauseMedian: number;
  readonly pauseP99: number;
}

export function rowsOf(cells: readonly Cell[], outcomesOf: (cell: number) => readonly Outcome[]): Row[] {
  return cells.map(({ name, policy, assumed }, c) => {
    const sum = sumOf(outcomesOf(c));
    const pauses = [...sum.pauses].sort((a, b) => a - b);
    const at = (level: number) => pauses[Math.floor(level * (pauses.length - 1))] ?? 0;
    return {
      assumption: name,
      policy,
      announced: sum.handedOver + sum.lost,
      handedOverShare: handedOverShare(sum),
      lost: sum.lost,
      tooLate: sum.tooLate,
      withoutNotice: sum.silent,
      lostWrites: sum.lostWrites,
      idle: idleOf(sum),
      reservedHoursVsSparePerShard: idleOf(sum) / assumed.shards,
      spotShare: sum.serving > 0 ? sum.servingSpot / sum.serving : 0,
      pauseMedian: at(0.5),
      pauseP99: at(0.99),
    };
  });
}

/** Of the scenario, by our policy. */
export function metricsOf(rows: readonly Row[]): Record<string, number> {
  const { handedOverShare, lostWrites, reservedHoursVsSparePerShard } = rows.find(
    ({ assumption, policy }) => assumption === BASE.name && policy === 'foreshard',
  )!;
  return { handedOverShare, lostWrites, reservedHoursVsSparePerShard };
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

export function printed(
  trace: AvailabilityTrace,
  spans: readonly { readonly days: number }[],
  rows: readonly Row[],
  metrics: Readonly<Record<string, number>>,
): string {
  const days = spans.reduce((sum, span) => sum + span.days, 0);
  const table = formatTable(
    [
      'assumption',
      'policy',
      'announced',
      'handed over',
      'lost',
      'too late',
      'no notice',
      'idle',
      'over spares',
      'Spot',
      'pause',
      'p99',
    ],
    rows.map((row) => [
      row.assumption,
      row.policy,
      row.announced,
      percent(row.handedOverShare),
      row.lost,
      row.tooLate,
      row.withoutNotice,
      row.idle.toFixed(1),
      row.reservedHoursVsSparePerShard.toFixed(2),
      `${Math.round(100 * row.spotShare)} %`,
      `${row.pauseMedian.toFixed(2)} s`,
      `${row.pauseP99.toFixed(2)} s`,
    ]),
  );
  const goals = formatTable(
    ['metric', 'value', 'goal'],
    Object.entries(metrics).map(([name, value]) => [
      name,
      Number(value.toFixed(4)),
      `${name === 'handedOverShare' ? '≥' : '≤'} ${GOALS[name as keyof typeof GOALS]}`,
    ]),
  );
  return `${trace.name}, ${trace.zones.length} zones, ${days.toFixed(1)} days\n\n${table}\n${goals}`;
}
