import { gunzipSync, gzipSync } from 'node:zlib';
import type { FleetAction, Move, Plan, ShardPlan } from '../../core/capacity/plan.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import type { Seconds } from '../../core/time.ts';

/** What a tick hands over to be recorded; its result has all but the forecasts. */
export interface Planned {
  readonly plan: Plan;
  readonly moves: readonly { readonly move: Move }[];
  readonly actions: readonly FleetAction[];
  readonly refused: readonly { readonly what: string; readonly why: string }[];
  readonly failures: readonly { readonly what: string; readonly error: string }[];
  /** Those that it planned with, and how far ahead is worth remembering of them: usually the lead time. */
  readonly forecasts?: ReadonlyMap<string, Forecast>;
  readonly ahead?: Seconds;
}

/** Forecast load (the shard's unit) at levels 0.1, 0.5 and 0.9. */
export type Band = readonly [q10: number, q50: number, q90: number];

/** One shard in a plan, and what the forecast that it was planned with said of itself. */
export interface ShardRecord extends ShardPlan, Partial<Pick<Forecast, 'method' | 'moved' | 'unusual'>> {
  /** Forecast for {@link PlanRecord.ahead} after the plan. */
  readonly band?: Band;
}

/** One plan as it is kept. Numbers of shards have five digits. */
export interface PlanRecord extends Pick<Plan, 'at' | 'desired' | 'pool' | 'findings'> {
  readonly shards: readonly ShardRecord[];
  /** Moves that were started. */
  readonly moves: number;
  readonly actions: readonly FleetAction[];
  readonly refused: Planned['refused'];
  readonly failures: Planned['failures'];
  readonly ahead?: Seconds;
}

const BAND = [0.1, 0.5, 0.9].map((level) => LEVELS.indexOf(level as (typeof LEVELS)[number]));
/** More of what went wrong is in the log. */
const MOST = 50;
const MOST_FINDINGS = 500;
/** Bytes: below DynamoDB's 400 KB an item. */
const MOST_BYTES = 390_000;
/** What is left out first where there are too many shards: it is of use while one looks at a few. */
const DISPENSABLE = ['reason', 'method', 'moved', 'band'] as const;

/** As it is stored: columns, because a shard is much like its neighbours, compressed: 100 shards take 3 KB. */
type Packed = Omit<PlanRecord, 'shards'> & {
  /** Values of the shards by field; null where a shard has none. */
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
};

export function packPlan({ plan, moves, actions, refused, failures, forecasts, ahead }: Planned): Uint8Array {
  const { at, desired, pool, findings } = plan;
  const shards = plan.shards.map((one): ShardRecord => {
    const forecast = forecasts?.get(one.shard);
    if (forecast === undefined) return one;
    const band = bandOf(forecast, at + (ahead ?? 0));
    const { method, moved = [], unusual } = forecast;
    return {
      ...one,
      ...(band !== undefined && { band }),
      ...(method !== '' && { method }),
      ...(moved.length > 0 && { moved }),
      ...(unusual !== undefined && { unusual }),
    };
  });
  const fields = new Set(shards.flatMap((one) => Object.keys(one))) as Set<keyof ShardRecord>;
  const columns = [...fields].map((field) => [field, shards.map((one) => short(one[field]))]);
  const rest = {
    at,
    desired,
    pool,
    // JSON has no infinity, the age of what was never there: it writes null.
    findings: findings.slice(0, MOST_FINDINGS),
    moves: moves.length,
    actions,
    refused: refused.slice(0, MOST),
    failures: failures.slice(0, MOST),
    ...(ahead !== undefined && { ahead }),
  };
  for (let dropped = 0; ; dropped++) {
    const out: readonly string[] = DISPENSABLE.slice(0, dropped);
    const kept = columns.filter(([field]) => !out.includes(field as string));
    const packed: Packed = { ...rest, columns: Object.fromEntries(kept) };
    const bytes = gzipSync(JSON.stringify(packed));
    if (bytes.length <= MOST_BYTES || dropped === DISPENSABLE.length) return bytes;
  }
}

/** @throws {Error} on bytes that are no plan. */
export function unpackPlan(bytes: unknown): PlanRecord {
  const { columns, ...rest } = JSON.parse(gunzipSync(bytes as Uint8Array).toString()) as Packed;
  const fields = Object.entries(columns);
  const shards = (columns.shard ?? []).map((_, i) => {
    const known = fields.flatMap(([field, values]) => (values[i] === null ? [] : [[field, values[i]]]));
    return Object.fromEntries(known) as ShardRecord;
  });
  const findings = rest.findings.map((one) =>
    'age' in one && one.age === null ? { ...one, age: NEVER } : one,
  );
  return { ...rest, findings, shards };
}

const NEVER: Seconds = Number.POSITIVE_INFINITY;

/** Of the first horizon at or after `time`; none where the forecast does not reach so far. */
function bandOf(forecast: Forecast, time: Seconds): Band | undefined {
  const horizon = forecast.horizons.find(({ ahead }) => forecast.at + ahead >= time);
  return (
    horizon && (BAND.map((level) => Number(horizon.quantiles[level]!.toPrecision(5))) as unknown as Band)
  );
}

function short(value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : (value ?? null);
}
