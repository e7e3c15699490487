import type { Settings } from '../settings/schema.ts';
import { type Accept, giveBackOrder, ReadySlices, Spread } from './choose.ts';
import type { Candidate, FleetIndex, Host } from './fleet-index.ts';
import type { FleetAction, Move, Reason, Rule, Snapshot } from './plan.ts';
import { reasonFor } from './reason.ts';
import type { PlannedShard } from './shard-views.ts';

/** Spot may exceed its share by this much before it is given back first. */
const MIX_BAND = 0.1;

/** The plan while it is being made: which slices are still there to choose from, and the moves chosen so far. */
export class Draft {
  readonly settings: Settings;
  readonly index: FleetIndex;
  readonly snapshot: Snapshot;
  readonly at: number;
  readonly ready: ReadySlices;
  readonly moves: Move[] = [];
  readonly fleet: FleetAction[] = [];
  /** Slices that this plan moves; each at most once. */
  readonly touched = new Set<string>();
  /** Units that this plan takes to `ready`. */
  freed = 0;
  /** Serving units per planned shard, as this plan leaves them. */
  readonly serving: Float64Array;
  readonly shards: readonly PlannedShard[];
  /** Index in `shards` by name. */
  readonly shardAt: ReadonlyMap<string, number>;
  private readonly spreads = new Map<PlannedShard, Spread>();
  private readonly orders = new Map<PlannedShard, Candidate[]>();
  /** Moves that this plan may still start, of the shards that have a bound of their own. */
  private readonly left = new Map<string, number>();

  constructor(snapshot: Snapshot, settings: Settings, index: FleetIndex, shards: readonly PlannedShard[]) {
    this.at = snapshot.at;
    this.snapshot = snapshot;
    this.settings = settings;
    this.index = index;
    this.shards = shards;
    this.shardAt = new Map(shards.map((shard, s) => [shard.settings.name, s]));
    this.ready = new ReadySlices(index.ready);
    this.serving = Float64Array.from(shards, ({ serving }) => serving);
    for (const { name, maxMovesPerTick } of settings.shards)
      if (maxMovesPerTick !== undefined) this.left.set(name, maxMovesPerTick);
  }

  get full(): boolean {
    return this.moves.length >= this.settings.fleet.maxMovesPerTick;
  }

  /** Whether the shard's own bound lets the plan start so many more moves to or from it. */
  mayMove(shard: string, moves = 1): boolean {
    return (this.left.get(shard) ?? moves) >= moves;
  }

  /** Moves a ready slice into service for a shard; undefined when there is none that will do. */
  activate(s: number, reason: Reason, accept?: Accept): Candidate | undefined {
    const shard = this.shards[s]!;
    const chosen = this.ready.take(this.spreadOf(shard), accept);
    if (chosen !== undefined) this.serve(s, chosen, { kind: 'ready' }, reason);
    return chosen;
  }

  /** Moves a slice that is reserved for the shard into service; undefined when there is none that will do. */
  useReserved(s: number, reason: Reason, accept: Accept): Candidate | undefined {
    const { holding, settings } = this.shards[s]!;
    const [chosen] = holding.reserved
      .filter((one) => accept(one) && !this.touched.has(one.slice.id))
      .sort((a, b) => (a.slice.id < b.slice.id ? -1 : 1));
    if (chosen !== undefined) this.serve(s, chosen, { kind: 'reserved', shard: settings.name }, reason);
    return chosen;
  }

  private serve(s: number, chosen: Candidate, from: Move['from'], reason: Reason): void {
    const shard = this.shards[s]!;
    this.spreadOf(shard).add(chosen, 1);
    this.serving[s]! += chosen.units;
    this.add(chosen, from, { kind: 'active', shard: shard.settings.name }, reason);
  }

  /** The slice that a shard should give first, of those with at most so many units. */
  spare(s: number, atMost: number): Candidate | undefined {
    return this.orderOf(this.shards[s]!).find(({ units }) => units <= atMost + 1e-9);
  }

  /** Takes a slice from its shard, for another shard or for the pool. */
  giveBack(s: number, chosen: Candidate, reason: Reason, to?: number): void {
    const shard = this.shards[s]!;
    const order = this.orderOf(shard);
    order.splice(order.indexOf(chosen), 1);
    this.spreadOf(shard).add(chosen, -1);
    this.serving[s]! -= chosen.units;
    const from = { kind: 'active', shard: shard.settings.name } as const;
    if (to === undefined) {
      this.freed += chosen.units;
      this.add(chosen, from, { kind: 'ready' }, reason);
    } else {
      const taker = this.shards[to]!;
      this.serving[to]! += chosen.units;
      this.spreadOf(taker).add(chosen, 1);
      this.add(chosen, from, { kind: 'active', shard: taker.settings.name }, reason);
    }
  }

  add({ slice }: Candidate, from: Move['from'], to: Move['to'], reason: Reason): void {
    this.touched.add(slice.id);
    if (from.kind !== 'ready') this.count(from.shard);
    if (to.kind !== 'ready' && (from.kind === 'ready' || from.shard !== to.shard)) this.count(to.shard);
    this.moves.push({ id: `${this.at}/${slice.id}`, slice: slice.id, from, to, reason });
  }

  private count(shard: string): void {
    const left = this.left.get(shard);
    if (left !== undefined) this.left.set(shard, left - 1);
  }

  /** The numbers behind one decision about the slice on top of `serving`, `h` ticks ahead. */
  reason(rule: Rule, s: number, h: number, serving: number, considered: readonly string[] = []): Reason {
    return reasonFor(this.shards[s]!, rule, h, serving, considered);
  }

  /**
   * Hosts whose slices are all ready and not taken by this plan, and that nobody holds. What this plan frees is not
   * among them: by the time it is drained, more is known of whether somebody calls for it.
   */
  freeHosts(): Host[] {
    return this.index.hosts.filter(
      ({ held, used, slices }) =>
        !held &&
        used === 0 &&
        slices.length > 0 &&
        slices.every(({ id, placement }) => placement.kind === 'ready' && !this.touched.has(id)),
    );
  }

  /** Takes a slice off an instance that AWS recommends to leave: its shard counts without it, and nobody gets it. */
  evacuate(s: number, chosen: Candidate, reason: Reason): void {
    const shard = this.shards[s]!;
    this.spreadOf(shard).add(chosen, -1);
    this.add(chosen, { kind: 'active', shard: shard.settings.name }, { kind: 'ready' }, reason);
  }

  private spreadOf(shard: PlannedShard): Spread {
    const known = this.spreads.get(shard);
    if (known !== undefined) return known;
    const spread = new Spread(shard.holding.active);
    this.spreads.set(shard, spread);
    return spread;
  }

  private orderOf(shard: PlannedShard): Candidate[] {
    const known = this.orders.get(shard);
    if (known !== undefined) return known;
    const staying = shard.holding.active.filter(({ host }) => host.instance.rebalanceAt === undefined);
    const order = giveBackOrder(staying, this.spreadOf(shard), this.surplusGroup());
    this.orders.set(shard, order);
    return order;
  }

  /** The group that has clearly more than its part of the running instances: the mix is not worth flapping for. */
  surplusGroup(): 'steady' | 'spot' {
    const { steady, spot } = this.index.running;
    return spot > Math.min(1, this.settings.fleet.spotShare + MIX_BAND) * (steady + spot) + 1
      ? 'spot'
      : 'steady';
  }
}
