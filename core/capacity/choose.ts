import type { Group } from '../shards/instance.ts';
import type { Candidate, Host } from './fleet-index.ts';

/** A shard's slices on one instance are at most this part of all it has, where there is a choice: one loss must not hurt too much. */
const MOST_ON_ONE = 0.34;

/** Where a shard's slices stand, kept up to date while a plan is made. */
export class Spread {
  private readonly zones = new Map<string, number>();
  private readonly hosts = new Map<Host, number>();
  private total = 0;

  constructor(candidates: readonly Candidate[]) {
    for (const candidate of candidates) this.add(candidate, 1);
  }

  add({ host, units }: Candidate, sign: 1 | -1): void {
    this.total += sign * units;
    this.zones.set(host.instance.zone, this.inZone(host.instance.zone) + sign * units);
    this.hosts.set(host, this.onHost(host) + sign * units);
  }

  inZone(zone: string): number {
    return this.zones.get(zone) ?? 0;
  }

  onHost(host: Host): number {
    return this.hosts.get(host) ?? 0;
  }

  /** Whether one more slice there would put too much of the shard on one instance. */
  crowds({ host, units }: Candidate): boolean {
    return this.onHost(host) > 0 && this.onHost(host) + units > MOST_ON_ONE * (this.total + units);
  }
}

/**
 * The ready slices, in buckets by zone and by how full their instance is, so that a choice does not look at them all.
 * Fullest instances are used first (packing: whole instances come free), in the zone where the shard has least.
 */
export class ReadySlices {
  private readonly buckets = new Map<string, Map<number, Candidate[]>>();
  private count = 0;

  constructor(candidates: readonly Candidate[]) {
    // Instances that AWS recommends to leave are used last: their slices are taken from the front of the order.
    const ordered = [...candidates].sort(
      (a, b) => leaving(b) - leaving(a) || (a.slice.id < b.slice.id ? 1 : -1),
    );
    for (const candidate of ordered) this.put(candidate);
  }

  get size(): number {
    return this.count;
  }

  *[Symbol.iterator](): Generator<Candidate> {
    for (const zone of this.buckets.values()) for (const bucket of zone.values()) yield* bucket;
  }

  /** Takes the best slice for a shard that stands like `spread`, of one group if that matters. Undefined when there is none. */
  take(spread: Spread, group?: Group): Candidate | undefined {
    const zones = [...this.buckets.keys()].sort(
      (a, b) => spread.inZone(a) - spread.inZone(b) || (a < b ? -1 : 1),
    );
    let crowded: [Candidate[], number] | undefined;
    for (const zone of zones) {
      const fullness = [...this.buckets.get(zone)!.keys()].sort((a, b) => b - a);
      for (const used of fullness) {
        const bucket = this.buckets.get(zone)!.get(used)!;
        for (let i = bucket.length - 1; i >= Math.max(0, bucket.length - 64); i--) {
          if (group !== undefined && bucket[i]!.host.instance.group !== group) continue;
          if (!spread.crowds(bucket[i]!)) return this.pick(bucket, i);
          crowded ??= [bucket, i];
        }
      }
    }
    return crowded === undefined ? undefined : this.pick(...crowded);
  }

  /** Takes this very slice out. */
  remove(candidate: Candidate): boolean {
    const bucket = this.buckets.get(candidate.host.instance.zone)?.get(candidate.host.used);
    const at = bucket?.indexOf(candidate) ?? -1;
    if (bucket === undefined || at === -1) return false;
    bucket.splice(at, 1);
    this.count -= 1;
    return true;
  }

  private pick(bucket: Candidate[], at: number): Candidate {
    const [candidate] = bucket.splice(at, 1) as [Candidate];
    this.count -= 1;
    const { host } = candidate;
    // Its neighbours now stand on a fuller instance.
    const neighbours = host.slices.length > 1 ? bucket.filter((one) => one.host === host) : [];
    for (const other of neighbours) {
      this.remove(other);
      this.putAt(other, host.used + 1);
    }
    host.used += 1;
    return candidate;
  }

  private put(candidate: Candidate): void {
    this.putAt(candidate, candidate.host.used);
  }

  private putAt(candidate: Candidate, used: number): void {
    const { zone } = candidate.host.instance;
    const byUse = this.buckets.get(zone) ?? new Map<number, Candidate[]>();
    this.buckets.set(zone, byUse);
    const bucket = byUse.get(used) ?? [];
    byUse.set(used, bucket);
    bucket.push(candidate);
    this.count += 1;
  }
}

function leaving({ host }: Candidate): number {
  return host.instance.rebalanceAt === undefined ? 0 : 1;
}

/**
 * Which of a shard's slices to give back first: on instances that AWS recommends to leave, of the group that has more
 * than its part, on the emptiest instance (so that it comes free whole), where the shard has most.
 */
export function giveBackOrder(
  active: readonly Candidate[],
  spread: Spread,
  surplusGroup: 'steady' | 'spot',
): Candidate[] {
  return [...active].sort(
    (a, b) =>
      leaving(b) - leaving(a) ||
      a.host.used - b.host.used ||
      Number(b.host.instance.group === surplusGroup) - Number(a.host.instance.group === surplusGroup) ||
      spread.inZone(b.host.instance.zone) - spread.inZone(a.host.instance.zone) ||
      (a.slice.id < b.slice.id ? -1 : 1),
  );
}
