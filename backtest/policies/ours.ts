import { type Decision, Sizing } from '../../core/capacity/decide.ts';
import { type Leads, LOOK_AHEAD_TICKS } from '../../core/capacity/horizons.ts';
import type { LookAhead } from '../../core/capacity/look-ahead.ts';
import type { ShardView } from '../../core/capacity/view.ts';
import { capacities, type ModelConfig, type ModelTrace, type Outcome } from '../model/model.ts';

/**
 * Foreshard's sizing in the minute model: the very rules that the planner runs (`core/capacity/decide.ts`), with
 * whole instances as slices and counts in place of single instances. One object is one knob setting; many step
 * through a trace together, because they share its forecasts.
 *
 * The one knob is what unmet load costs, as a multiple of what the instance that would have served it costs.
 */
export class Ours {
  readonly worth: number;
  private readonly sizing: Sizing;
  private readonly capacity: readonly number[];
  private readonly config: ModelConfig;
  private readonly unitWorth: readonly number[];
  private readonly serving: Float64Array;
  private ready = 0;
  private draining: number[] = [];
  private starting: number[] = [];
  private stocking: number[] = [];
  private stopped = 0;
  private instanceMinutes = 0;
  private unmet = 0;
  private load = 0;
  /** Where the instance-minutes went, for the table of what separates us from the clairvoyant. */
  readonly spent = { serving: 0, ready: 0, moving: 0, stopped: 0 };

  /**
   * @param worth of the load of one mean instance, in the cost of that instance.
   * @param perUnit what a unit of load is worth in each shard, in instances. @default the same for all shards
   */
  constructor(trace: ModelTrace, config: ModelConfig, worth: number, perUnit?: readonly number[]) {
    this.worth = worth;
    this.config = config;
    this.capacity = capacities(trace, config);
    this.sizing = new Sizing(modelLeads(config));
    const mean = this.capacity.reduce((a, b) => a + b, 0) / this.capacity.length;
    this.unitWorth = perUnit ?? this.capacity.map(() => worth / mean);
    // The judged window opens with each shard at the size of its first load; every policy begins so.
    this.serving = Float64Array.from(this.capacity, (one, s) =>
      Math.max(1, Math.ceil(trace.load[s]![trace.history]! / one)),
    );
  }

  /** Plays minute `t`: `ahead` is what the forecasts know then, `load` what comes. */
  step(ahead: readonly LookAhead[], load: (shard: number) => number): void {
    this.ready += (this.draining.shift() ?? 0) + (this.starting.shift() ?? 0);
    this.stopped += this.stocking.shift() ?? 0;
    const decision = this.sizing.decide(this.views(ahead), {
      ready: this.ready,
      arriving: sum(this.draining) + sum(this.starting),
      bound: Number.POSITIVE_INFINITY,
      room: Number.POSITIVE_INFINITY,
      stoppedPrice: this.config.stopped,
      losses: [],
    });
    this.carryOut(decision);
    this.pay(load);
  }

  outcome(): Outcome {
    return {
      knobs: `unmet load worth ${this.worth.toFixed(2)}`,
      hours: this.instanceMinutes / 60,
      unmet: this.load > 0 ? this.unmet / this.load : 0,
    };
  }

  private views(ahead: readonly LookAhead[]): ShardView[] {
    return ahead.map((look, s) => ({
      ahead: look,
      slice: this.capacity[s]!,
      worth: this.unitWorth[s]!,
      serving: this.serving[s]!,
      floor: 1,
      ceiling: Number.POSITIVE_INFINITY,
      priority: 0,
    }));
  }

  private carryOut(decision: Decision): void {
    const { lead } = this.config;
    let drained = 0;
    decision.release.forEach((n, s) => {
      this.serving[s]! -= n;
      drained += n;
    });
    for (const { shard } of decision.activate) this.serving[shard]! += 1;
    this.ready -= decision.activate.length;
    add(this.draining, lead.drain, drained);
    const warm = Math.min(decision.start, this.stopped);
    this.stopped -= warm;
    add(this.starting, lead.warm, warm);
    add(this.starting, lead.cold, decision.start - warm);
    const idle = Math.max(
      0,
      Math.min(this.ready, this.ready + sum(this.draining) + sum(this.starting) - decision.keep),
    );
    this.ready -= idle;
    this.stopped += idle;
    const stock = this.stopped + sum(this.stocking);
    add(this.stocking, lead.cold, Math.max(0, decision.stock.least - stock));
    if (this.stopped > decision.stock.most) this.stopped = decision.stock.most;
  }

  private pay(load: (shard: number) => number): void {
    let serving = 0;
    for (let s = 0; s < this.serving.length; s++) {
      const here = load(s);
      this.load += here;
      this.unmet += Math.max(0, here - this.serving[s]! * this.capacity[s]!);
      serving += this.serving[s]!;
    }
    const moving = sum(this.draining) + sum(this.starting) + sum(this.stocking);
    this.spent.serving += serving;
    this.spent.ready += this.ready;
    this.spent.moving += moving;
    this.spent.stopped += this.config.stopped * this.stopped;
    this.instanceMinutes += serving + this.ready + moving + this.config.stopped * this.stopped;
  }
}

/** The model's lead times as the planner's: a ready instance serves at once. */
export function modelLeads({ lead }: ModelConfig): Leads {
  return { activate: 0, start: lead.warm, cold: lead.cold, drain: lead.drain, ticks: LOOK_AHEAD_TICKS };
}

function add(ring: number[], steps: number, count: number): void {
  while (ring.length < steps) ring.push(0);
  ring[steps - 1]! += count;
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
