import { formatTable } from '../../cli/table.ts';
import type { Measured } from './accuracy.ts';
import { measureBroken } from './broken.ts';
import { known } from './metrics.ts';
import { measureNewShards } from './new-shards.ts';
import { measureProposals } from './proposals.ts';
import type { Part } from './sets.ts';

/** Tenants hidden in one pooled shard: which are proposed as shards of their own, and how early. */
export async function proposals(files: readonly string[]): Promise<Measured> {
  const { rows, ...metrics } = await measureProposals(files);
  return measured('proposals', 'Keys of one pooled shard that are proposed as shards', metrics, rows);
}

/** Shards that begin while others run: what the others' day is worth to them. */
export async function newShards(files: readonly string[], part: Part, series: number): Promise<Measured> {
  const { rows, ...metrics } = await measureNewShards(files, part, series);
  const title =
    'WQL of shards that begin while others run: where the others are known over where they are not';
  return measured('new-shards', title, metrics, rows);
}

/** Metrics that break for half an hour: what that costs in instance-hours. */
export async function broken(files: readonly string[]): Promise<Measured> {
  const { rows, ...metrics } = await measureBroken(files);
  return measured('broken', 'Metrics that break for 30 minutes', metrics, rows);
}

function measured(
  measure: string,
  title: string,
  metrics: Readonly<Record<string, number>>,
  rows: readonly object[],
): Measured {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const table = formatTable(
    columns,
    rows.map((row) => columns.map((column) => cell((row as Record<string, unknown>)[column]))),
  );
  return {
    metrics: known(metrics),
    rows: rows.map((row) => ({ measure, ...row })),
    text: `${title}\n\n${table}`,
  };
}

const cell = (value: unknown) =>
  typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(3) : String(value ?? '');
