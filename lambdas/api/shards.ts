import { Modes } from '../../adapters/aws/modes.ts';
import { type MoveRecord, type PlanRecord, Records } from '../../adapters/aws/records.ts';
import type { StoredSlice } from '../../core/ports.ts';
import type { Mode, ShardSettings } from '../../core/settings/schema.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { HOUR } from '../../core/time.ts';
import { knownShard, modeOf, slicesOf } from './known.ts';
import { pageOf, sortedBy } from './page.ts';
import type { Answers } from './parts.ts';

export const SHARD_ANSWERS: Answers<'listShards' | 'getShard' | 'explainShard'> = {
  listShards: async ({ parts: { table, settings }, query }) => {
    const [{ shards }, { modes }, plan] = await Promise.all([
      settings(),
      new Modes(table).read(),
      new Records(table).latestPlan(),
    ]);
    const { items, next } = pageOf(
      sortedBy(shards, ({ name }) => name),
      query,
      ({ name }) => name,
    );
    return {
      items: items.map((shard) => summaryOf(shard, modes[shard.name] ?? shard.mode, plan)),
      ...(next !== undefined && { next }),
    };
  },

  getShard: async ({ parts, params }) => {
    const shard = knownShard(await parts.settings(), params.shard);
    const [mode, plan, slices] = await Promise.all([
      modeOf(parts, shard),
      new Records(parts.table).latestPlan(),
      slicesOf(parts, shard.name),
    ]);
    return { ...summaryOf(shard, mode, plan), slices: slices.map(placed) };
  },

  explainShard: async ({ parts, params, query }) => {
    const shard = knownShard(await parts.settings(), params.shard);
    const now = parts.clock.now();
    const records = new Records(parts.table);
    const [latest, moves] = await Promise.all([
      records.latestPlan(),
      records.moves({ from: now - query.hours * HOUR, to: now }),
    ]);
    const its = moves.filter(({ move }) => [move.from, move.to].some((end) => isOf(end, shard.name)));
    // Keys descend with time: newest first is what a reader wants, and pages go by ascending keys.
    const page = pageOf(sortedBy(its, newestFirst), query, newestFirst);
    const plan = planOf(shard.name, latest);
    return {
      kind: 'service' as const,
      shardID: shard.name,
      ...(plan && { plan }),
      moves: { ...page, items: page.items.map(told) },
    };
  },
};

const isOf = (end: { readonly kind: string; readonly shard?: string }, shard: string) => end.shard === shard;

/** Far above every time there will be. */
const END = 1e11;
const newestFirst = ({ at, move }: MoveRecord) => `${formatStamp(END - at)}#${move.id}`;

function summaryOf(shard: ShardSettings, mode: Mode, latest: PlanRecord | undefined) {
  const { name, priority, guarantee, capacity } = shard;
  const plan = planOf(name, latest);
  return {
    kind: 'service' as const,
    shardID: name,
    mode,
    priority,
    guarantee,
    unit: capacity.unit,
    perInstance: capacity.perInstance,
    ...(plan && { plan }),
  };
}

function planOf(shard: string, latest: PlanRecord | undefined) {
  const found = latest?.shards.find((one) => one.shard === shard);
  if (latest === undefined || found === undefined) return undefined;
  const { have, coming, want, reason } = found;
  return { at: latest.at, have, coming, want, ...(reason && { reason: plain(reason) }) };
}

function placed({ slice, placement, holder }: StoredSlice) {
  return {
    slice,
    placement: placement.kind,
    since: placement.since,
    ...(placement.kind === 'reserved' && { until: placement.until }),
    ...(holder !== undefined && { holder }),
  };
}

function told({ at, move, outcome, doneAt, error }: MoveRecord) {
  const { id, slice, from, to, reason } = move;
  return {
    id,
    at,
    slice,
    from,
    to,
    reason: plain(reason),
    outcome: outcome ?? ('under-way' as const),
    ...(doneAt !== undefined && { doneAt }),
    ...(error !== undefined && { error }),
  };
}

/** A reason as JSON has it: lists that may be changed. */
const plain = <R extends { readonly considered?: readonly string[] }>({ considered, ...rest }: R) => ({
  ...rest,
  ...(considered && { considered: [...considered] }),
});
