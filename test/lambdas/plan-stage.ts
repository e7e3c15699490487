import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { handOverPorts } from '../../adapters/aws/hand-over/ports.ts';
import { Modes } from '../../adapters/aws/modes.ts';
import { Records } from '../../adapters/aws/records.ts';
import { PK, type Table } from '../../adapters/aws/table.ts';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import type { Event, Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { type MinuteResult, minute } from '../../flows/minute.ts';
import { runMove } from '../../flows/move.ts';
import type { MoveInput } from '../../flows/move-input.ts';
import { eventSchema } from '../../lambdas/instance-events/schemas.ts';
import { onEvent } from '../../lambdas/instance-events/work.ts';
import { planParts } from '../../lambdas/plan/parts.ts';
import { CloudWatchModel } from '../adapters/cloudwatch-model.ts';
import { AwsWorld } from '../contracts/aws-world.ts';
import type { ModelOptions } from '../model-aws/model.ts';

/** Seconds that Lambda gives the tick. */
const TIMEOUT = 55;

/**
 * The plan's own wiring over the model of AWS: minute by minute, with instance events as EventBridge would bring them,
 * and the moves that it starts carried out. Loads and forecasts are put there by the test.
 */
export class PlanStage {
  readonly world: AwsWorld;
  readonly cloudWatch = new CloudWatchModel();
  readonly published: Event[] = [];
  readonly started: string[] = [];
  readonly moves: MoveInput[] = [];
  readonly results: MinuteResult[] = [];
  readonly ports: Ports;
  /** Load and forecast by shard, as of now and all time to come. */
  readonly loads = new Map<string, number>();
  /** Healthy hosts by shard, as CloudWatch counts them. */
  readonly healthy = new Map<string, number>();
  /** Seconds from the start of a move's execution to its claim. */
  coldStart = 0;
  /** Whether instance events arrive. */
  hears = true;
  #plan: () => Promise<MinuteResult>;
  readonly #settings: { settings: Settings; etag: string };
  #holders = 0;

  constructor(settings: Settings, options: Partial<ModelOptions> = {}) {
    this.world = new AwsWorld(settings, options);
    this.#settings = { settings, etag: 'v1' };
    const { table, clock, fleet, loadBalancer, hosts, store } = this.world;
    const events = { publish: async (all: readonly Event[]) => void this.published.push(...all) };
    const names = new Set<string>();
    const workflows: Ports['workflows'] = {
      start: async (flow, name, input) => {
        if (flow !== 'move' || names.has(name)) return;
        names.add(name);
        this.moves.push(input as MoveInput);
        void this.world.clock
          .sleepUntil(this.world.clock.now() + this.coldStart)
          .then(() => runMove(this.ports, input as MoveInput, settings));
      },
    };
    const metrics = {} as Ports['metrics'];
    const inTable = handOverPorts(table);
    this.ports = { clock, fleet, loadBalancer, hosts, metrics, store, events, workflows, ...inTable };
    this.#plan = this.process();
    for (const { name } of settings.shards) {
      const { arn } = [...this.world.aws.elb.targets.groups.values()].find((group) => group.name === name)!;
      const route = { targetGroup: arn, targetGroupName: `targetgroup/${name}/0`, loadBalancer: 'app/x/0' };
      void table.put({ pk: PK.route, sk: name, ...route, own: true });
    }
    void table.put({ pk: PK.state, sk: 'routes', etag: 'v1' });
    this.world.aws.listen((event) => {
      if (this.hears && event['detail-type'] !== 'EC2 Instance-terminate Lifecycle Action') this.#hear(event);
    });
  }

  /** A new process of the function, with its own memory; `table` as it sees it. */
  process(table: Table = this.world.table): () => Promise<MinuteResult> {
    const { clock, aws, loadBalancer, hosts } = this.world;
    const parts = planParts({
      clock,
      table,
      autoScaling: aws.client(),
      ec2: aws.machines(),
      groups: { steady: 'steady', spot: 'spot' },
      cloudWatch: this.cloudWatch.client,
      logs: aws.client(),
      reportGroup: 'reports',
      loadBalancer,
      hosts,
      events: this.ports.events,
      workflows: this.ports.workflows,
      settings: { read: async () => this.#settings },
      start: {
        routeSync: async () => void this.started.push('route-sync'),
        pollTargets: async () => void this.started.push('poll-targets'),
      },
      warn: () => {},
    });
    return () => minute(parts, { holder: `run-${this.#holders++}`, endsAt: clock.now() + TIMEOUT });
  }

  /** Lets the process end that has planned so far. */
  restart(): void {
    this.#plan = this.process();
  }

  async mode(shard: string, mode: 'shadow' | 'hold' | 'active', holdAt?: number): Promise<void> {
    await new Modes(this.world.table).switch(shard, mode, this.world.clock.now(), 'test', holdAt);
  }

  /** Goes on so many minutes; at each, the load of the minute before is there, then forecasts, then the tick. */
  async minutes(count: number): Promise<MinuteResult> {
    for (let m = 0; m < count; m++) {
      const { clock } = this.world;
      await clock.runUntil(Math.floor(clock.now() / 60) * 60 + 60);
      await this.before();
      this.results.push(await this.world.drive(this.#plan()));
    }
    return this.results.at(-1)!;
  }

  /** One more plan, a second later. */
  async again(): Promise<MinuteResult> {
    await this.world.clock.runUntil(this.world.clock.now() + 1);
    return this.world.drive(this.#plan());
  }

  /** What is there when the tick of a minute begins. */
  async before(): Promise<void> {
    const { clock, table } = this.world;
    const at = clock.now();
    for (const [shard, load] of this.loads)
      this.cloudWatch.put(`RequestCount/${shard}`, { [at - 120]: load * 60, [at - 60]: load * 60 });
    for (const [shard, hosts] of this.healthy)
      this.cloudWatch.put(`HealthyHostCount/${shard}`, { [at - 120]: hosts, [at - 60]: hosts });
    await new ForecastStore(table).write([...this.loads].map(([shard, load]) => this.flat(shard, load)));
    await this.world.drive(this.world.look());
  }

  flat(shard: string, load: number): Forecast {
    const at = this.world.clock.now();
    const horizons = planningHorizons(this.world.settings);
    return {
      shard,
      at,
      knownUntil: at - 60,
      horizons: horizons.map((ahead) => ({ ahead, quantiles: LEVELS.map(() => load) })),
      method: 'flat',
    };
  }

  /** Slices that serve the shard, by the table and by the load balancer; both must agree. */
  async serving(shard: string): Promise<number> {
    const slices = await this.world.store.slices();
    const active = slices.filter(({ placement }) => placement.kind === 'active' && placement.shard === shard);
    const states = await this.world.drive(this.world.loadBalancer.states(shard));
    const healthy = [...states].filter(([, state]) => state === 'healthy').map(([slice]) => slice);
    const [table, elb] = [active.map(({ slice }) => slice).sort(), healthy.sort()];
    if (table.join() !== elb.join())
      throw new Error(`of ${shard} the table has ${table.join()}, the target group ${elb.join()}`);
    return active.length;
  }

  /** Everything of AWS and of the placements that a plan could have touched. */
  async touched(): Promise<string> {
    const { aws, store } = this.world;
    const written = [...aws.calls.keys()].filter((call) => !/^(Describe|Get|List)/.test(call)).sort();
    return JSON.stringify({ written, slices: await store.slices() });
  }

  desired(group: 'steady' | 'spot' = 'steady'): number {
    return this.world.aws.autoScaling.group(group).desired;
  }

  records(): Records {
    return new Records(this.world.table);
  }

  get types(): string[] {
    return this.published.map(({ type }) => type);
  }

  #hear(event: { source: string; 'detail-type': string; detail: object }): void {
    const { clock, table, fleet, aws } = this.world;
    const parsed = eventSchema.safeParse({
      version: '0',
      id: `e-${clock.now()}-${this.#holders++}`,
      account: '000000000000',
      region: 'us-east-1',
      resources: [],
      time: formatStamp(clock.now()),
      ...event,
    });
    // What instance-events has no rule for.
    if (!parsed.success) return;
    const parts = {
      ports: this.ports,
      settings: this.#settings.settings,
      table,
      autoScaling: aws.client(),
      groups: { steady: 'steady', spot: 'spot' },
      bind: (...of: Parameters<typeof fleet.bind>) => fleet.bind(...of),
      startPlan: async () => void this.results.push(await this.#plan()),
    };
    clock.wake();
    void onEvent(parts, parsed.data);
  }
}
