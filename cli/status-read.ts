import { type InstanceItem, toInstance } from '../adapters/aws/fleet-instance.ts';
import { ForecastStore } from '../adapters/aws/forecasts.ts';
import { LoadRecords } from '../adapters/aws/load-records.ts';
import { Modes } from '../adapters/aws/modes.ts';
import type { PlanRecord } from '../adapters/aws/plan-record.ts';
import { ProposalItems } from '../adapters/aws/proposal-items.ts';
import { Records } from '../adapters/aws/records.ts';
import { DynamoStore } from '../adapters/aws/store.ts';
import { PK } from '../adapters/aws/table.ts';
import { VmItems } from '../adapters/aws/vm-items.ts';
import { aged } from '../core/forecast/aged.ts';
import type { Proposal } from '../core/forecast/emerging/proposal.ts';
import { type Forecast, LEVELS, MEDIAN, type Unusual } from '../core/forecast/forecast.ts';
import type { StoredSlice } from '../core/ports.ts';
import type { Mode, Settings, ShardSettings } from '../core/settings/schema.ts';
import type { Instance } from '../core/shards/instance.ts';
import { ownerOf, type PlacementKind } from '../core/shards/placement.ts';
import { type Layouts, parseSliceId, shareOfSlice } from '../core/shards/slice.ts';
import { HOUR, MINUTE, type Seconds } from '../core/time.ts';
import { layoutsOf } from '../core/vm/layout.ts';
import type { Deployed } from './deployed.ts';

/** One shard of a deployed service. Loads in its unit, sizes in instances of weight 1; undefined: not known. */
export interface ShardStatus {
  readonly shard: string;
  readonly mode: Mode;
  readonly unit: string;
  /** The newest that is recorded, and when its minute began. */
  readonly load: { readonly value: number; readonly time: Seconds } | undefined;
  /** For one lead time (warm start and activation) from now. */
  readonly forecast: { readonly median: number; readonly q90: number } | undefined;
  /** Why its newest load cannot be believed, or is unlike what it was. */
  readonly unusual: Unusual | undefined;
  readonly active: number;
  readonly coming: number;
  readonly draining: number;
  /** Wanted by the last plan. */
  readonly want: number | undefined;
  readonly guarantee: number;
}

export interface Status {
  readonly service: string;
  readonly at: Seconds;
  readonly lead: Seconds;
  readonly shards: readonly ShardStatus[];
  readonly fleet: {
    /** Instances per state; those that start into the warm pool are `stocking`. */
    readonly instances: Readonly<Record<(typeof STATES)[number], number>>;
    /** Slices per placement. */
    readonly slices: Readonly<Record<PlacementKind, number>>;
    readonly desired: Readonly<Record<'steady' | 'spot', number>>;
    readonly pool: PlanRecord['pool'] | undefined;
  };
  /** Seconds since the last plan, and since the last tick in which nothing essential failed. */
  readonly plannedAge: Seconds | undefined;
  readonly goodTickAge: Seconds | undefined;
  readonly findings: PlanRecord['findings'];
  readonly failures: PlanRecord['failures'];
  /** Moves that were started and have not ended, of the last two hours. */
  readonly openMoves: readonly { readonly id: string; readonly slice: string; readonly at: Seconds }[];
  /** Moves that wait for a target to become healthy or unused. */
  readonly waits: number;
  /** New shards that are proposed, or that wait for their instances. */
  readonly proposals: readonly Pick<Proposal, 'name' | 'of' | 'key' | 'state' | 'readyBy' | 'blocked'>[];
}

/** A move ends in minutes; one that is older has lost its record, not its way. */
const OPEN: Seconds = 2 * HOUR;
/** Load older than this is not the present one. */
const RECENT: Seconds = 30 * MINUTE;

/** Reads how a service stands; changes nothing. */
export async function statusOf(deployed: Deployed): Promise<Status> {
  const { service, table, clock } = deployed;
  const at = clock.now();
  const records = new Records(table);
  const [
    { settings },
    modes,
    slices,
    groups,
    vms,
    items,
    forecasts,
    loads,
    plan,
    tick,
    moves,
    waits,
    proposals,
  ] = await Promise.all([
    deployed.settings.read(),
    new Modes(table).read(),
    new DynamoStore(table, clock).slices(),
    deployed.groups(),
    new VmItems(table).list(),
    table.query(PK.instance),
    new ForecastStore(table).read(),
    new LoadRecords(table).read(at - RECENT, at),
    records.latestPlan(),
    table.get(PK.state, 'tick'),
    records.moves({ from: at - OPEN, to: at }),
    table.query(PK.wait),
    new ProposalItems(table).list(),
  ]);
  const { warm, activate } = settings.fleet.leadTimes;
  const lead = warm.seconds + activate.seconds;
  const members = [...groups.steady.members, ...groups.spot.members];
  const known = new Map(items.map((item) => [item.sk, item as InstanceItem]));
  const instances = members.flatMap((member) => toInstance(member, known.get(member.id), settings, at) ?? []);
  const size = sizer(slices, instances, settings, layoutsOf(vms));
  const wanted = new Map(plan?.shards.map(({ shard, want }) => [shard, want]));

  const shards = settings.shards.map((shard): ShardStatus => {
    const { name, mode, guarantee, capacity } = shard;
    const want = wanted.get(name);
    return {
      shard: name,
      mode: modes.modes[name] ?? mode,
      unit: capacity.unit,
      load: newest(loads.get(name)),
      forecast: ahead(forecasts.get(name), at, lead),
      unusual: forecasts.get(name)?.unusual,
      active: size(shard, 'active'),
      coming: size(shard, 'activating'),
      draining: size(shard, 'draining'),
      want: want === undefined ? undefined : want / capacity.perInstance,
      guarantee,
    };
  });
  const since = (time: unknown) => (typeof time === 'number' ? Math.max(0, at - time) : undefined);
  return {
    service,
    at,
    lead,
    shards,
    fleet: {
      instances: counted(STATES, instances, stateOf),
      slices: counted(PLACEMENTS, slices, ({ placement }) => placement.kind),
      desired: { steady: groups.steady.desired, spot: groups.spot.desired },
      pool: plan?.pool,
    },
    plannedAge: since(plan?.at),
    goodTickAge: since(tick?.at),
    findings: plan?.findings ?? [],
    failures: plan?.failures ?? [],
    openMoves: moves
      .filter(({ outcome }) => outcome === undefined)
      .map(({ at, move }) => ({ id: move.id, slice: move.slice, at })),
    waits: waits.length,
    proposals: proposals
      .filter(({ state }) => state === 'open' || state === 'accepted')
      .map(({ name, of, key, state, readyBy, blocked }) => ({
        name,
        of,
        key,
        state,
        readyBy,
        ...(blocked !== undefined && { blocked }),
      })),
  };
}

/** As the lifecycle has them; `stocking` is a start that goes into the warm pool. */
const STATES = [
  'running',
  'starting',
  'warm',
  'stocking',
  'standby',
  'draining',
  'interrupted',
  'retired',
] as const;

const stateOf = (instance: Instance): (typeof STATES)[number] =>
  instance.state === 'starting' && instance.into === 'warm' ? 'stocking' : instance.state;
const PLACEMENTS = ['ready', 'reserved', 'activating', 'active', 'draining'] as const;

function counted<K extends string, T>(
  keys: readonly K[],
  all: readonly T[],
  keyOf: (one: T) => K,
): Record<K, number> {
  const counts = Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
  for (const one of all) counts[keyOf(one)]++;
  return counts;
}

function sizer(
  slices: readonly StoredSlice[],
  instances: readonly Instance[],
  settings: Settings,
  layouts: Layouts,
) {
  const types = new Map(instances.map(({ id, type }) => [id, type]));
  const sums = new Map<string, number>();
  for (const { slice, placement } of slices) {
    const key = `${placement.kind} ${ownerOf(placement)}`;
    const type = types.get(parseSliceId(slice).instance) ?? '';
    const share = shareOfSlice(slice, type, settings, layouts);
    sums.set(key, (sums.get(key) ?? 0) + share);
  }
  return ({ name }: ShardSettings, kind: PlacementKind) => sums.get(`${kind} ${name}`) ?? 0;
}

function newest(points: readonly { readonly time: Seconds; readonly load: number }[] | undefined) {
  const last = points?.at(-1);
  return last && { value: last.load, time: last.time };
}

const Q90 = LEVELS.indexOf(0.9);

function ahead(forecast: Forecast | undefined, now: Seconds, lead: Seconds): ShardStatus['forecast'] {
  if (forecast === undefined) return undefined;
  const quantiles = aged(forecast, now, [lead]).horizons[0]!.quantiles;
  return { median: quantiles[MEDIAN]!, q90: quantiles[Q90]! };
}
