import type { Exposure } from '../interruption/exposure.ts';
import type { ReserveNeed } from '../interruption/reserves.ts';
import { poolKey, type SpotPool } from '../interruption/risk.ts';
import type { Settings } from '../settings/schema.ts';
import type { Group } from '../shards/instance.ts';
import type { Candidate, Host } from './fleet-index.ts';
import type { FleetAction, Reason, Refusal } from './plan.ts';

/** A zone whose Spot instances are interrupted more often than this (per hour) is no place for a reserve. */
const MOST_HAZARD = 0.25 / 3600;

/**
 * Where reserves are, or should be: never in the pool that they are to stand in for; in its zone where the state is
 * large; as Spot, where a pool is independent and calm; else On-Demand, which nobody takes.
 */
export class ReservePlaces {
  readonly #settings: Settings;
  readonly #refused: ReadonlySet<string>;
  /** Per zone: interruptions per second of its worst pool, and what of ours goes with it. */
  /** Slices at risk in the zone that has most of them. */
  #most = 0;
  readonly #zones = new Map<string, { hazard: number; announced: boolean; load: number }>();

  constructor(
    settings: Settings,
    exposures: readonly Exposure[],
    reserved: readonly Candidate[],
    refusals: readonly Refusal[],
  ) {
    this.#settings = settings;
    this.#refused = new Set(refusals.map(({ group, zone }) => `${group}/${zone}`));
    for (const zone of settings.fleet.zones) this.#zones.set(zone, { hazard: 0, announced: false, load: 0 });
    for (const { pool, hazard, announced, slices } of exposures) {
      const seen = this.#at(pool.zone);
      seen.hazard = Math.max(seen.hazard, hazard);
      seen.announced ||= announced;
      seen.load += slices.length;
    }
    for (const { load } of this.#zones.values()) this.#most = Math.max(this.#most, load);
    for (const { host } of reserved)
      if (host.instance.group === 'spot') this.#at(host.instance.zone).load += 1;
  }

  /** $ of a reserved slice for an hour. */
  get price(): number {
    const { costs, fleet } = this.#settings;
    const hour = this.#calmest(undefined) === undefined ? costs.instanceHour : costs.spotInstanceHour;
    return (hour * fleet.instanceTypes[0]!.weight) / fleet.slicesPerInstance;
  }

  /** The ready slice that suits a need best; undefined when none does. @param units that it should have at least */
  choose(need: ReserveNeed, ready: Iterable<Candidate>, units: number): Candidate | undefined {
    const rank = ({ host, units: has }: Candidate) =>
      (has < units - 1e-9 ? 4 : 0) +
      (need.zone !== undefined && host.instance.zone !== need.zone ? 2 : 0) +
      (host.instance.group === 'spot' ? 1 : 0);
    let best: Candidate | undefined;
    for (const one of ready) {
      if (!this.#suits(one.host, need.avoid)) continue;
      if (best === undefined || rank(one) < rank(best)) best = one;
      else if (rank(one) === rank(best) && one.slice.id < best.slice.id) best = one;
    }
    return best;
  }

  /**
   * What to start for needs that nothing meets. @param room instances that may be started
   * @param warm stopped instances: they are up sooner than a launch
   */
  launches(needs: readonly ReserveNeed[], room: number, warm: number) {
    const { slicesPerInstance } = this.#settings.fleet;
    const actions: FleetAction[] = [];
    const started = { steady: 0, spot: 0 };
    let stopped = warm;
    for (let n = 0; n < needs.length && actions.length < room; n += slicesPerInstance) {
      const need = needs[n]!;
      const { avoid } = need;
      const reason = reasonOf(need);
      const zone = need.urgent ? undefined : this.#spotZone(need);
      if (zone !== undefined) {
        this.#at(zone).load += slicesPerInstance;
        actions.push({ kind: 'launch', group: 'spot', zone, ...(avoid && { avoid }), reason });
        started.spot += 1;
      } else if (need.urgent && stopped > 0) {
        stopped -= 1;
        actions.push({ kind: 'start', group: 'steady', count: 1, reason });
        started.steady += 1;
      } else {
        const open = this.#open('steady', [need.zone, avoid?.zone, ...this.#settings.fleet.zones]);
        if (open === undefined) break;
        actions.push({ kind: 'launch', group: 'steady', zone: open, reason });
        started.steady += 1;
      }
    }
    return { actions, started, fromWarm: warm - stopped };
  }

  #suits({ instance }: Host, avoid: SpotPool | undefined): boolean {
    if (instance.group !== 'spot') return true;
    if (instance.type === avoid?.type && instance.zone === avoid.zone) return false;
    const { announced, hazard } = this.#at(instance.zone);
    return !announced && hazard <= MOST_HAZARD;
  }

  /** A zone for a Spot reserve: the one that is wished for, where another type can come there, else the calmest other. */
  #spotZone({ zone, avoid }: ReserveNeed): string | undefined {
    const types = this.#settings.fleet.instanceTypes.length;
    if (zone === undefined) return this.#calmest(avoid?.zone);
    return types > 1 && this.#isCalm(zone) ? zone : undefined;
  }

  #isCalm(zone: string): boolean {
    const { announced, hazard } = this.#at(zone);
    return (
      this.#settings.fleet.spotShare > 0 &&
      !announced &&
      hazard <= MOST_HAZARD &&
      this.#open('spot', [zone]) !== undefined
    );
  }

  /** Of the zones where Spot is calm, the one that holds least of ours. */
  #calmest(not: string | undefined): string | undefined {
    let best: string | undefined;
    for (const zone of this.#settings.fleet.zones) {
      // One more where most of ours are already would be one more to reserve for.
      if (zone === not || !this.#isCalm(zone) || this.#at(zone).load >= this.#most) continue;
      if (best === undefined || this.#at(zone).load < this.#at(best).load) best = zone;
    }
    return best;
  }

  #open(group: Group, zones: readonly (string | undefined)[]): string | undefined {
    return zones.find((zone) => zone !== undefined && !this.#refused.has(`${group}/${zone}`));
  }

  #at(zone: string) {
    let seen = this.#zones.get(zone);
    if (seen === undefined) {
      seen = { hazard: 0, announced: false, load: 0 };
      this.#zones.set(zone, seen);
    }
    return seen;
  }
}

/** Why a slice is reserved, or started for it. */
export function reasonOf({ shard, also, urgent, value, request, avoid }: ReserveNeed): Reason {
  const many = also.length > 0 ? ` and ${also.length} more` : '';
  const considered = [
    request === undefined
      ? `${urgent ? 'an interruption of a slice is announced' : 'a slice may be taken'} of ${shard}${many}`
      : `request ${request} of ${shard}`,
    ...(avoid ? [`not in ${poolKey(avoid)}`] : []),
  ];
  return { rule: 'reserve', ...(Number.isFinite(value) && { value }), considered };
}
