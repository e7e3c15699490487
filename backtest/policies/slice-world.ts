import type { FleetAction, Move } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { Forecast } from '../../core/forecast/forecast.ts';
import { type Settings, settingsSchema } from '../../core/settings/schema.ts';
import type { Instance } from '../../core/shards/instance.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { parseSliceId, type Slice, sliceIdsOf } from '../../core/shards/slice.ts';
import { MINUTE } from '../../core/time.ts';
import { capacities, type ModelConfig, type ModelTrace, type Outcome } from '../model/model.ts';

interface Machine {
  readonly instance: Instance;
  readonly slices: { -readonly [K in keyof Slice]: Slice[K] }[];
}

/**
 * The minute model played by the real planner, slice by slice on single instances: the same order, lead times and
 * accounting as `model.ts` says, with instances that several shards may share. No failures, no Spot, no measurements.
 *
 * Invariant: an instance is in one list; whatever it does, it is paid for once a minute.
 */
export class SliceWorld {
  readonly settings: Settings;
  private readonly trace: ModelTrace;
  private readonly config: ModelConfig;
  private readonly from: number;
  private readonly knobs: string;
  private readonly machines = new Map<string, Machine>();
  private readonly free = { launched: 0 };
  private instanceMinutes = 0;
  private unmet = 0;
  private load = 0;

  /**
   * @param worth of unmet load, as a multiple of what the instance that would have served it costs (as in `Ours`)
   * @param from minute of the trace with which play begins
   */
  constructor(
    trace: ModelTrace,
    config: ModelConfig,
    worth: number,
    slicesPerInstance: number,
    from = trace.history,
  ) {
    this.from = from;
    this.trace = trace;
    this.config = config;
    this.knobs = `unmet load worth ${worth.toFixed(2)}, ${slicesPerInstance} slices per instance`;
    this.settings = settingsOf(trace, config, worth, slicesPerInstance);
    this.populate();
  }

  /** Plays minute `t` of the trace with what the forecasts say then. */
  step(t: number, forecasts: ReadonlyMap<string, Forecast>): void {
    const at = this.timeOf(t);
    this.arrive(at);
    const instances = [...this.machines.values()].map(({ instance }) => instance);
    const snapshot = { at, instances, openRequests: [], measured: [] };
    const made = plan(snapshot, forecasts, this.settings, at);
    for (const move of made.moves) this.move(move, at);
    for (const action of made.fleet) this.act(action, at);
    this.pay(t);
  }

  outcome(): Outcome {
    return {
      knobs: this.knobs,
      hours: this.instanceMinutes / 60,
      unmet: this.load > 0 ? this.unmet / this.load : 0,
    };
  }

  private timeOf(t: number): number {
    return this.trace.start + t * MINUTE;
  }

  /** Play begins with each shard at the size of its first load, packed as closely as it goes. */
  private populate(): void {
    const { shards, fleet } = this.settings;
    const at = this.timeOf(this.from);
    let ready: Machine['slices'] = [];
    shards.forEach(({ name, capacity, guarantee }, s) => {
      const instances = Math.max(guarantee, this.trace.load[s]![this.from]! / capacity.perInstance);
      const slices = Math.ceil(instances * fleet.slicesPerInstance - 1e-9);
      for (let i = 0; i < slices; i++) {
        if (ready.length === 0) ready = this.run(this.newFacts(at)).slices.slice();
        ready.shift()!.placement = { kind: 'active', shard: name, since: at };
      }
    });
  }

  private newFacts(since: number) {
    const n = this.free.launched++;
    const zone = this.settings.fleet.zones[n % this.settings.fleet.zones.length]!;
    return {
      id: `i-${String(n).padStart(6, '0')}`,
      type: 'm7i.large',
      zone,
      group: 'steady' as const,
      since,
    };
  }

  private run({ id, type, zone, group, since }: Instance | ReturnType<SliceWorld['newFacts']>): Machine {
    const share = 1 / this.settings.fleet.slicesPerInstance;
    const slices = sliceIdsOf(id, this.settings).map((slice) => ({
      id: slice,
      ...parseSliceId(slice),
      share,
      placement: { kind: 'ready', since } as Placement,
    }));
    const machine = { instance: { id, type, zone, group, since, state: 'running', slices } as const, slices };
    this.machines.set(id, machine);
    return machine;
  }

  private put(instance: Instance, slices: Machine['slices'] = []): void {
    this.machines.set(instance.id, { instance, slices });
  }

  /** What is due by now has come up, or is drained. */
  private arrive(at: number): void {
    const drained = at - this.config.lead.drain * MINUTE;
    for (const { instance, slices } of [...this.machines.values()]) {
      if (instance.state === 'starting' && instance.expectedAt <= at) {
        if (instance.into === 'running') this.run({ ...instance, since: at });
        else this.put({ ...factsOf(instance), since: at, state: 'warm' });
      }
      for (const slice of slices) {
        const { placement } = slice;
        if (placement.kind !== 'draining' || placement.since > drained) continue;
        slice.placement =
          placement.to === undefined
            ? { kind: 'ready', since: at }
            : { kind: 'active', shard: placement.to, since: at };
      }
      if (instance.state === 'draining') this.leave(instance, slices, at);
    }
  }

  private move({ slice: id, from, to }: Move, since: number): void {
    const slice = this.machines.get(parseSliceId(id).instance)!.slices.find((one) => one.id === id)!;
    if (from.kind !== 'active') slice.placement = { ...to, since } as Placement;
    else {
      const next = to.kind === 'active' ? { to: to.shard } : {};
      slice.placement = { kind: 'draining', shard: from.shard, since, ...next };
    }
  }

  private act(action: FleetAction, at: number): void {
    const { cold, warm } = this.config.lead;
    if (action.kind === 'discard') this.machines.delete(action.instance);
    else if (action.kind === 'stock') {
      for (let i = 0; i < action.count; i++) this.boot(this.newFacts(at), 'cold', 'warm', at, cold);
    } else if (action.kind === 'start') {
      const stopped = [...this.machines.values()].filter(({ instance }) => instance.state === 'warm');
      for (let i = 0; i < action.count; i++) {
        const one = stopped[i]?.instance;
        if (one !== undefined) this.boot(factsOf(one), 'warm', 'running', at, warm);
        else this.boot(this.newFacts(at), 'cold', 'running', at, cold);
      }
    } else if (action.kind === 'release') {
      const { instance, slices } = this.machines.get(action.instance)!;
      this.leave({ ...factsOf(instance), since: at, state: 'draining', slices, to: action.to }, slices, at);
    } else throw new Error(`${action.kind}: there are neither standbys nor reserves in this world`);
  }

  private boot(
    facts: ReturnType<typeof factsOf>,
    origin: 'cold' | 'warm',
    into: 'running' | 'warm',
    since: number,
    steps: number,
  ): void {
    this.put({ ...facts, since, state: 'starting', origin, into, expectedAt: since + steps * MINUTE });
  }

  /** An instance on its way out is gone as soon as nothing on it drains. */
  private leave(
    instance: Instance & { readonly state: 'draining' },
    slices: Machine['slices'],
    at: number,
  ): void {
    if (slices.some(({ placement }) => placement.kind === 'active'))
      throw new Error(`${instance.id} was released while it serves`);
    if (slices.some(({ placement }) => placement.kind === 'draining')) this.put(instance, slices);
    else if (instance.to === 'warm') this.put({ ...factsOf(instance), since: at, state: 'warm' });
    else this.machines.delete(instance.id);
  }

  private pay(t: number): void {
    const { shards } = this.settings;
    const serving = new Map<string, number>();
    for (const { instance, slices } of this.machines.values()) {
      this.instanceMinutes += instance.state === 'warm' ? this.config.stopped : 1;
      for (const { placement, share } of slices) {
        if (placement.kind === 'active')
          serving.set(placement.shard, (serving.get(placement.shard) ?? 0) + share);
      }
    }
    shards.forEach(({ name, capacity }, s) => {
      const load = this.trace.load[s]![t]!;
      this.load += load;
      this.unmet += Math.max(0, load - (serving.get(name) ?? 0) * capacity.perInstance);
    });
  }
}

function factsOf({ id, type, zone, group, since }: Instance) {
  return { id, type, zone, group, since };
}

/** The model's terms as settings: no bounds in the way, at least one slice for each shard. */
function settingsOf(
  trace: ModelTrace,
  config: ModelConfig,
  worth: number,
  slicesPerInstance: number,
): Settings {
  const capacity = capacities(trace, config);
  const mean = capacity.reduce((sum, one) => sum + one, 0) / capacity.length;
  const max = Math.min(200_000, 4 * capacity.length * config.peakInstances + 100);
  const instanceHour = 1;
  const seconds = (steps: number) => ({ seconds: steps * MINUTE });
  const settings = settingsSchema.parse({
    service: 'model',
    shards: capacity.map((perInstance, s) => ({
      name: `s${s}`,
      capacity: { perInstance },
      mode: 'active',
    })),
    readyPool: { max: Math.min(100_000, max) },
    fleet: {
      max,
      slicesPerInstance,
      maxMovesPerTick: 10_000,
      leadTimes: {
        cold: seconds(config.lead.cold),
        warm: seconds(config.lead.warm),
        drain: seconds(config.lead.drain),
      },
    },
    costs: {
      instanceHour,
      stoppedShare: config.stopped,
      unmetUnitHour: (worth * instanceHour) / mean,
      unmetInstanceHour: Number.MIN_VALUE,
    },
  });
  const guarantee = 1 / slicesPerInstance;
  return { ...settings, shards: settings.shards.map((shard) => ({ ...shard, guarantee })) };
}
