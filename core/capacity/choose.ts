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

/** How many instances are looked at for one that does not crowd the shard, before the first that was seen will do. */
const LOOKS = 64;

/** Which ready slices will do. */
export type Accept = (candidate: Candidate) => boolean;

/**
 * The ready slices, by zone and by how full their instance is, so that a choice does not look at them all. Fullest
 * instances are used first (packing: whole instances come free), in the zone where the shard has least.
 */
export class ReadySlices {
  private readonly stacks = new Map<Host, Candidate[]>();
  /** Zone → slices in use → hosts, the next to be used last. */
  private readonly buckets = new Map<string, Map<number, Host[]>>();
  private count = 0;

  constructor(candidates: readonly Candidate[]) {
    const ordered = [...candidates].sort((a, b) => (a.slice.id < b.slice.id ? 1 : -1));
    for (const candidate of ordered) {
      const stack = this.stacks.get(candidate.host);
      if (stack === undefined) {
        this.stacks.set(candidate.host, [candidate]);
        this.put(candidate.host);
      } else stack.push(candidate);
      this.count += 1;
    }
  }

  get size(): number {
    return this.count;
  }

  *[Symbol.iterator](): Generator<Candidate> {
    for (const stack of this.stacks.values()) yield* stack;
  }

  /** Takes the best slice for a shard that stands like `spread`. Undefined when none will do. */
  take(spread: Spread, accept: Accept = () => true): Candidate | undefined {
    const zones = [...this.buckets.keys()].sort(
      (a, b) => spread.inZone(a) - spread.inZone(b) || (a < b ? -1 : 1),
    );
    let crowded: Host | undefined;
    for (const zone of zones) {
      const byUse = this.buckets.get(zone)!;
      for (const used of [...byUse.keys()].sort((a, b) => b - a)) {
        const hosts = byUse.get(used)!;
        let looks = LOOKS;
        for (let i = hosts.length - 1; i >= 0 && looks > 0; i--) {
          const candidate = this.stacks.get(hosts[i]!)!.at(-1)!;
          if (!accept(candidate)) continue;
          if (!spread.crowds(candidate)) return this.pick(hosts[i]!);
          crowded ??= hosts[i]!;
          looks -= 1;
        }
      }
    }
    return crowded === undefined ? undefined : this.pick(crowded);
  }

  /** Takes one slice of an instance that has some. */
  takeFrom(host: Host): Candidate {
    return this.pick(host);
  }

  /** Takes all slices of an instance out. */
  remove(host: Host): void {
    const stack = this.stacks.get(host);
    if (stack === undefined) return;
    this.count -= stack.length;
    this.stacks.delete(host);
    this.unlist(host);
  }

  private pick(host: Host): Candidate {
    const stack = this.stacks.get(host)!;
    const candidate = stack.pop()!;
    this.count -= 1;
    this.unlist(host);
    host.used += 1;
    if (stack.length > 0) this.put(host);
    else this.stacks.delete(host);
    return candidate;
  }

  private put(host: Host): void {
    const { zone } = host.instance;
    const byUse = this.buckets.get(zone) ?? new Map<number, Host[]>();
    this.buckets.set(zone, byUse);
    const hosts = byUse.get(host.used) ?? [];
    byUse.set(host.used, hosts);
    hosts.push(host);
  }

  private unlist(host: Host): void {
    const hosts = this.buckets.get(host.instance.zone)!.get(host.used)!;
    hosts.splice(hosts.lastIndexOf(host), 1);
  }
}

/**
 * Which of a shard's slices to give back first: on the emptiest instance (so that it comes free whole), of the group
 * that has more than its part, where the shard has most.
 */
export function giveBackOrder(
  active: readonly Candidate[],
  spread: Spread,
  surplusGroup: 'steady' | 'spot',
): Candidate[] {
  return [...active].sort(
    (a, b) =>
      a.host.used - b.host.used ||
      Number(b.host.instance.group === surplusGroup) - Number(a.host.instance.group === surplusGroup) ||
      spread.inZone(b.host.instance.zone) - spread.inZone(a.host.instance.zone) ||
      (a.slice.id < b.slice.id ? -1 : 1),
  );
}
