import type { Settings } from '../settings/schema.ts';
import { type Instance, slicesOf } from '../shards/instance.ts';
import type { Slice } from '../shards/slice.ts';
import type { Seconds } from '../time.ts';
import type { Snapshot } from './plan.ts';

/** A slice with its instance, as the planner chooses among them. */
export interface Candidate {
  readonly slice: Slice;
  readonly host: Host;
  /** Its size in units (the smallest slice of the settings). */
  readonly units: number;
}

/** A running instance that may be chosen from. */
export interface Host {
  readonly instance: Instance & { readonly state: 'running' };
  readonly slices: readonly Slice[];
  /** Slices that are not ready, now and after the moves chosen so far. */
  used: number;
  /** Has a slice that a workflow holds. */
  held: boolean;
}

/** What each shard has. */
export interface Holding {
  readonly active: Candidate[];
  /** On their way to the shard: activating, or draining elsewhere with this shard as their next. */
  coming: number;
  /** Reserved for the shard. */
  readonly reserved: Candidate[];
  /** Units on instances that Spot is taking away, with notice. */
  losing: number;
  /** Units that serve on instances which AWS recommends to leave: they do not count, so that they are replaced in time. */
  doomed: number;
  /** The slices that `doomed` is made of. */
  readonly leaving: Candidate[];
  /** When the first of what is lost or doomed was announced; infinite where nothing is. */
  lostSince: number;
}

/** The snapshot, sorted once for the planner. Sizes are in units: the smallest slice that the settings know. */
export interface FleetIndex {
  readonly unit: number;
  readonly holdings: ReadonlyMap<string, Holding>;
  readonly hosts: readonly Host[];
  readonly ready: readonly Candidate[];
  /** Reservations whose time is over, by whatever shard they were for. */
  readonly expired: readonly Candidate[];
  /** Reserved slices that no workflow holds, whatever their time and their instance's. */
  readonly reserved: readonly Candidate[];
  /** Units that come up later than `arriving`, of Spot. */
  readonly later: number;
  /** Spot instances that carry nothing but reserved slices: they do not count for the mix. */
  readonly reservedSpot: number;
  /** Units that come free or up within the lead time of a start. */
  readonly arriving: number;
  readonly running: { steady: number; spot: number };
  /** Instances on their way up, into service. */
  readonly starting: { steady: number; spot: number };
  readonly leaving: number;
  readonly warm: readonly Instance[];
  readonly stocking: number;
  readonly standby: readonly (Instance & { readonly state: 'standby' })[];
  /** Instances on their way to standby; for which shard is not known until they are there. */
  readonly toStandby: number;
  /** Of `starting`, those that wake up from standby: outside their group until they are up. */
  readonly waking: number;
  /** Active Spot units per zone. */
  readonly spotByZone: ReadonlyMap<string, number>;
}

/** The smallest slice, as a share of an instance of weight 1: what counts are in. */
export function unitOf(settings: Settings): number {
  const weights = settings.fleet.instanceTypes.map(({ weight }) => weight);
  return Math.min(...weights) / settings.fleet.slicesPerInstance;
}

/** Rebalance recommendations come 20 minutes before the notice at most; what is recommended for longer is moved off. */
const PATIENCE: Seconds = 30 * 60;

/** @param startLead seconds from now by which a start decided now would serve. */
export function indexFleet(snapshot: Snapshot, settings: Settings, startLead: Seconds): FleetIndex {
  const unit = unitOf(settings);
  const weight = new Map(settings.fleet.instanceTypes.map(({ type, weight }) => [type, weight]));
  const held = new Set(snapshot.held);
  const { reserveFor = {}, handingOver = {} } = snapshot;
  const reserves = reservedIn(snapshot);
  const holdings = new Map<string, Holding>();
  for (const { name } of settings.shards)
    holdings.set(name, {
      active: [],
      coming: 0,
      reserved: [],
      losing: 0,
      doomed: 0,
      leaving: [],
      lostSince: Number.POSITIVE_INFINITY,
    });
  const hosts: Host[] = [];
  const ready: Candidate[] = [];
  const expired: Candidate[] = [];
  const reserved: Candidate[] = [];
  const warm: Instance[] = [];
  const standby: (Instance & { readonly state: 'standby' })[] = [];
  const running = { steady: 0, spot: 0 };
  const starting = { steady: 0, spot: 0 };
  const spotByZone = new Map<string, number>();
  let arriving = 0;
  let later = 0;
  let reservedSpot = 0;
  let leaving = 0;
  let stocking = 0;
  let toStandby = 0;
  let waking = 0;
  const lost: Lost[] = [];

  const sort = (host: Host, slice: Slice): void => {
    const { placement } = slice;
    const units = slice.share / unit;
    const candidate: Candidate = { slice, host, units };
    if (held.has(slice.id)) host.held = true;
    if (placement.kind === 'ready') {
      // What AWS recommends to leave is not given out any more.
      if (!held.has(slice.id) && host.instance.rebalanceAt === undefined) ready.push(candidate);
      return;
    }
    host.used += 1;
    const holding = holdings.get(placement.shard);
    if (placement.kind === 'draining') {
      const next = placement.to === undefined ? undefined : holdings.get(placement.to);
      if (next === undefined) arriving += units;
      else next.coming += units;
    } else if (placement.kind === 'activating') {
      if (holding !== undefined) holding.coming += units;
    } else if (placement.kind === 'reserved') {
      if (held.has(slice.id)) return;
      reserved.push(candidate);
      if (placement.until <= snapshot.at) expired.push(candidate);
      else if (host.instance.rebalanceAt === undefined) holding?.reserved.push(candidate);
    } else if (held.has(slice.id)) arriving += units;
    else if (holding !== undefined) {
      holding.active.push(candidate);
      const { rebalanceAt } = host.instance;
      // With a reserve it serves on, while its state is copied; the notice is to come within minutes, if it comes.
      const isCovered =
        (handingOver[slice.id] ?? reserveFor[slice.id]) !== undefined &&
        snapshot.at - (rebalanceAt ?? 0) < PATIENCE;
      if (rebalanceAt !== undefined && !isCovered) {
        holding.leaving.push(candidate);
        holding.doomed += units;
        holding.lostSince = Math.min(holding.lostSince, rebalanceAt);
      }
    }
    if (placement.kind === 'active' && host.instance.group === 'spot') {
      spotByZone.set(host.instance.zone, (spotByZone.get(host.instance.zone) ?? 0) + units);
    }
  };

  for (const instance of snapshot.instances) {
    switch (instance.state) {
      case 'warm':
        warm.push(instance);
        break;
      case 'standby':
        standby.push(instance);
        break;
      case 'starting':
        if (instance.into === 'warm') stocking += 1;
        else {
          starting[instance.group] += 1;
          if (instance.origin === 'standby') waking += 1;
          const units = (weight.get(instance.type) ?? 1) / unit;
          const woken = instance.shard === undefined ? undefined : holdings.get(instance.shard);
          if (woken !== undefined) woken.coming += units;
          // Spot comes up cold and slowly, for the mix; it is counted once a start could not be sooner.
          else if (instance.group === 'steady' || instance.expectedAt <= snapshot.at + startLead)
            arriving += units;
          else later += units;
        }
        break;
      case 'running': {
        running[instance.group] += 1;
        const host: Host = { instance, slices: instance.slices, used: 0, held: false };
        hosts.push(host);
        for (const slice of instance.slices) sort(host, slice);
        if (instance.group === 'spot' && isReserve(instance.slices)) reservedSpot += 1;
        break;
      }
      case 'interrupted':
        leaving += 1;
        for (const { id, placement, share } of instance.slices)
          if (placement.kind === 'active')
            lost.push({ id, shard: placement.shard, units: share / unit, since: instance.since });
        break;
      case 'draining':
        leaving += 1;
        if (instance.to === 'standby') toStandby += 1;
        break;
      case 'retired':
        break;
    }
  }
  const stateful = new Set(
    settings.shards.flatMap(({ name, handOver }) => (handOver.state === 'copy' ? [name] : [])),
  );
  takeOver(lost, snapshot, reserves, holdings, stateful);
  for (const request of snapshot.openRequests) {
    if (request.expires <= snapshot.at) continue;
    starting[request.group] += request.count;
    if (request.group === 'steady') arriving += request.count * settings.fleet.slicesPerInstance;
    else later += request.count * settings.fleet.slicesPerInstance;
  }
  return {
    unit,
    holdings,
    hosts,
    ready,
    expired,
    reserved,
    later,
    reservedSpot,
    arriving,
    running,
    starting,
    leaving,
    warm,
    stocking,
    standby,
    toStandby,
    waking,
    spotByZone,
  };
}

/** A serving slice that Spot takes. */
interface Lost {
  readonly id: string;
  readonly shard: string;
  readonly units: number;
  readonly since: Seconds;
}

/**
 * What is lost is made up for by its reserve, which takes over within the notice: the one that it was told, or where it
 * has none yet one that nobody else was told. Such a reserve is not there for load any more. The rest counts as losing.
 */
function takeOver(
  lost: readonly Lost[],
  { at, instances, reserveFor = {}, handingOver = {} }: Snapshot,
  reserves: ReadonlySet<string>,
  holdings: ReadonlyMap<string, Holding>,
  stateful: ReadonlySet<string>,
): void {
  const leaving = instances.filter((one) => 'rebalanceAt' in one && at - (one.rebalanceAt ?? 0) < PATIENCE);
  const going = [...lost.map(({ id }) => id), ...leaving.flatMap((one) => slicesOf(one).map(({ id }) => id))];
  const spoken = new Set(going.flatMap((id) => handingOver[id] ?? reserveFor[id] ?? []));
  for (const { id, shard, units, since } of lost) {
    const holding = holdings.get(shard);
    if (holding === undefined) continue;
    const told = handingOver[id] ?? reserveFor[id];
    const free = () => holding.reserved.find(({ slice }) => !spoken.has(slice.id))?.slice.id;
    const reserve = told ?? (stateful.has(shard) ? free() : undefined);
    if (reserve !== undefined && reserves.has(reserve)) {
      spoken.add(reserve);
      // Until it serves, it shows as nobody's.
      holding.coming += units;
    } else {
      holding.losing += units;
      holding.lostSince = Math.min(holding.lostSince, since);
    }
  }
  if (spoken.size === 0) return;
  for (const { reserved } of holdings.values()) {
    const kept = reserved.filter(({ slice }) => !spoken.has(slice.id));
    reserved.splice(0, reserved.length, ...kept);
  }
}

const isReserve = (slices: readonly Slice[]) =>
  slices.length > 0 && slices.every(({ placement }) => placement.kind === 'reserved');

/** Ids of the reserved slices. */
function reservedIn({ instances }: Snapshot): ReadonlySet<string> {
  const slices = instances.flatMap((one) => (one.state === 'running' ? one.slices : []));
  return new Set(slices.filter(({ placement }) => placement.kind === 'reserved').map(({ id }) => id));
}
