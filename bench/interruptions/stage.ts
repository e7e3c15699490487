import type { VirtualClock } from '../../backtest/world/clock.ts';
import type { SimFleet } from '../../backtest/world/fleet.ts';
import type { Luck } from '../../backtest/world/random.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { parseSliceId, sliceIdsOf } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import { Copies } from './hand-overs.ts';
import { Tally } from './tally.ts';

export interface Placed {
  placement: Placement;
  /** A hand-over has it. */
  busy: boolean;
}

/** What planner, agents and market have in common: where slices stand, and what was announced of their instances. */
export class Stage {
  readonly tally = new Tally();
  readonly slices = new Map<string, Placed>();
  /** Ends of instances that had their notice. */
  readonly deadlines = new Map<string, Seconds>();
  readonly rebalancedAt = new Map<string, Seconds>();
  /** Placements of slices that are being handed over as planned: their state is still there. */
  readonly moving = new Set<Placement>();
  readonly copies: Copies;
  readonly clock: VirtualClock;
  readonly settings: Settings;
  readonly luck: Luck;
  /** Asks for a plan soon. */
  readonly ask: () => void;
  fleet!: SimFleet;

  constructor(clock: VirtualClock, settings: Settings, luck: Luck, ask: () => void) {
    this.clock = clock;
    this.settings = settings;
    this.luck = luck;
    this.ask = ask;
    this.copies = new Copies(settings);
  }

  slicesOn(instance: string): [string, Placed][] {
    return sliceIdsOf(instance, this.settings).flatMap((id): [string, Placed][] => {
      const placed = this.slices.get(id);
      return placed === undefined ? [] : [[id, placed]];
    });
  }

  hasState(placement: Placement): boolean {
    return placement.kind === 'active' || this.moving.has(placement);
  }

  isAnnounced(instance: string): boolean {
    return this.rebalancedAt.has(instance) || this.deadlines.has(instance);
  }

  /** Things have stood as they do for so long. A slice counts as the part of an instance that it is. */
  account(passed: number): void {
    this.tally.hours += passed;
    const hours = passed / this.settings.fleet.slicesPerInstance;
    for (const [slice, { placement }] of this.slices) {
      if (placement.kind === 'reserved') this.tally.reserved += hours;
      else if (placement.kind === 'ready') this.tally.ready += hours;
      else if (placement.kind === 'active') {
        this.tally.serving += hours;
        if (this.fleet.get(parseSliceId(slice).instance)?.group === 'spot') this.tally.servingSpot += hours;
      }
    }
  }
}
