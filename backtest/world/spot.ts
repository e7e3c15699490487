import type { Settings } from '../../core/settings/schema.ts';
import type { Instance } from '../../core/shards/instance.ts';
import { DAY, MINUTE, type Seconds } from '../../core/time.ts';
import type { SpotEvent } from '../input/spot.ts';
import type { VirtualClock } from './clock.ts';
import type { Luck } from './random.ts';
import { onOwnZones } from './zones.ts';

/** How Spot takes instances away, as it was measured. */
export interface SpotHabits {
  /** Rebalance recommendations come up to so long before the notice … */
  readonly rebalanceAhead: Seconds;
  /** … and this share of them together with it. */
  readonly rebalanceTogether: number;
  /** From notice to end: two minutes at best, measured less. */
  readonly notice: readonly [Seconds, Seconds];
  /** All of a lost zone's Spot instances are interrupted within this. */
  readonly zoneLostWithin: Seconds;
  /** Whether what is launched shortly before a zone is lost hears of it as early as the others. */
  readonly warnsNew: boolean;
}

export const SPOT_HABITS: SpotHabits = {
  rebalanceAhead: 20 * MINUTE,
  rebalanceTogether: 0.3,
  notice: [100, 118],
  zoneLostWithin: 3 * MINUTE,
  warnsNew: false,
};

/** Those of a removal are interrupted within this. */
const REMOVED_WITHIN: Seconds = MINUTE;

export interface SpotWorld {
  /** Spot instances that run or start. */
  readonly spot: () => readonly Instance[];
  readonly alive: (instance: string) => boolean;
  readonly rebalance: (instance: string) => void;
  readonly notice: (instance: string, deadline: Seconds) => void;
  readonly end: (instance: string) => void;
}

/**
 * The Spot market: takes instances away by a trace, or without one at `fleet.interruptionsPerDay`.
 * An instance is announced once; what is gone before its time is left in peace.
 */
export class SpotMarket {
  readonly #clock: VirtualClock;
  readonly #world: SpotWorld;
  readonly #luck: Luck;
  /** Instances whose notice is fixed. */
  readonly #doomed = new Set<string>();
  readonly #lost = new Set<string>();
  /** When each zone is lost next, ascending. */
  readonly #losses = new Map<string, Seconds[]>();
  readonly #zones: readonly string[];
  readonly #habits: SpotHabits;
  /** Interruptions per instance and second, where there is no trace. */
  readonly #rate: number;

  constructor(
    clock: VirtualClock,
    settings: Settings,
    world: SpotWorld,
    luck: Luck,
    events: readonly SpotEvent[] | undefined,
    habits: SpotHabits = SPOT_HABITS,
  ) {
    this.#habits = habits;
    this.#clock = clock;
    this.#world = world;
    this.#luck = luck;
    this.#zones = settings.fleet.zones;
    this.#rate = events === undefined ? settings.fleet.interruptionsPerDay / DAY : 0;
    for (const event of onOwnZones(events ?? [], this.#zones)) this.#lay(event);
  }

  /** Zones in which Spot can be had now. */
  zones(): readonly string[] {
    return this.#lost.size === 0 ? this.#zones : this.#zones.filter((zone) => !this.#lost.has(zone));
  }

  /** A Spot instance was launched. */
  launched(instance: Instance): void {
    if (this.#habits.warnsNew) this.#warn(instance);
    if (this.#rate > 0) this.#doom(instance.id, this.#clock.now() + this.#luck.exponential(1 / this.#rate));
  }

  #lay(event: SpotEvent): void {
    if (event.at < this.#clock.now()) return;
    if (event.kind === 'zone-back') {
      this.#clock.schedule(event.at, () => this.#lost.delete(event.zone));
      return;
    }
    if (event.kind === 'zone-lost') {
      const losses = this.#losses.get(event.zone);
      if (losses === undefined) this.#losses.set(event.zone, [event.at]);
      else losses.push(event.at);
    }
    // Once ahead, so that recommendations can come early, and once at the time for what was launched meanwhile.
    for (const at of [event.at - this.#habits.rebalanceAhead, event.at]) {
      this.#clock.schedule(at, () => {
        if (event.kind === 'remove') return this.#remove(event.share, event.at);
        if (at === event.at) this.#lost.add(event.zone);
        for (const { id, zone } of this.#world.spot())
          if (zone === event.zone)
            this.#doom(id, event.at + this.#luck.between(0, this.#habits.zoneLostWithin));
      });
    }
  }

  #warn({ id, zone }: Instance): void {
    const now = this.#clock.now();
    const losses = this.#losses.get(zone) ?? [];
    while (losses.length > 0 && losses[0]! <= now) losses.shift();
    const [next = Number.POSITIVE_INFINITY] = losses;
    if (next - now < this.#habits.rebalanceAhead)
      this.#doom(id, next + this.#luck.between(0, this.#habits.zoneLostWithin));
  }

  #remove(share: number, at: Seconds): void {
    const spot = this.#world.spot();
    const free = spot.filter(({ id }) => !this.#doomed.has(id));
    let wanted = Math.round(share * spot.length) - (spot.length - free.length);
    for (; wanted > 0 && free.length > 0; wanted--) {
      const [victim] = free.splice(Math.floor(this.#luck.uniform() * free.length), 1);
      if (victim !== undefined) this.#doom(victim.id, at + this.#luck.between(0, REMOVED_WITHIN));
    }
  }

  /** Fixes when an instance gets notice; AWS speaks in whole seconds. */
  #doom(id: string, around: Seconds): void {
    if (this.#doomed.has(id)) return;
    this.#doomed.add(id);
    const noticeAt = Math.ceil(around);
    const together = this.#luck.uniform() < this.#habits.rebalanceTogether;
    const ahead = Math.floor(this.#luck.between(0, this.#habits.rebalanceAhead));
    const left = Math.round(this.#luck.between(...this.#habits.notice));
    const at = (when: Seconds, fire: () => void) =>
      this.#clock.schedule(when, () => {
        if (this.#world.alive(id)) fire();
      });
    at(together ? noticeAt : noticeAt - ahead, () => this.#world.rebalance(id));
    at(noticeAt, () => this.#world.notice(id, noticeAt + left));
    this.#clock.schedule(noticeAt + left, () => {
      this.#doomed.delete(id);
      this.#world.end(id);
    });
  }
}
