import { AwsFleet } from '../../adapters/aws/fleet.ts';
import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { TableAgents } from '../../adapters/aws/hand-over/agents.ts';
import { HealthItems } from '../../adapters/aws/health-items.ts';
import { SsmHosts } from '../../adapters/aws/hosts.ts';
import { AwsLoadBalancer } from '../../adapters/aws/load-balancer.ts';
import { dimensionOf } from '../../adapters/aws/route-items.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { PK } from '../../adapters/aws/table.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import { LEVELS } from '../../core/forecast/forecast.ts';
import type { Event, Ports } from '../../core/ports.ts';
import { type Settings, settingsSchema } from '../../core/settings/schema.ts';
import { sliceIdsOf } from '../../core/shards/slice.ts';
import { AwsModel } from '../../test/model-aws/model.ts';
import { beatOf } from './agents.ts';
import { CountingTable } from './counting-table.ts';
import { Usage } from './usage.ts';

export const T0 = 1_790_000_040;

export interface StageOptions {
  readonly shards: number;
  readonly instances: number;
  /** Seconds of each API call. */
  readonly latency: number;
  /** Whether AWS's buckets are enforced. */
  readonly buckets: boolean;
  /** Running instances that serve nobody. */
  readonly ready?: number;
  /** Every shard has state, in so many slots for each of its instances, and agents. @default 0: none has */
  readonly slots?: number;
}

/** A service as it stands: every shard has its equal part of the instances, registered and healthy. */
export function settingsFor({ shards, instances, slots = 0 }: StageOptions): Settings {
  const count = Math.round((slots * instances) / shards);
  return settingsSchema.parse({
    service: 'bench',
    shards: Array.from({ length: shards }, (_, i) => ({
      name: `shard-${i}`,
      mode: 'active',
      guarantee: 1,
      capacity: { perInstance: 100 },
      route: { host: `shard-${i}.example.com` },
      ...(count > 0 && { handOver: { state: 'copy', slots: { count, by: { header: 'x-user' } } } }),
    })),
    fleet: { max: 2 * instances, spotShare: 0.3 },
    readyPool: { max: 50 },
    metrics: { source: 'reporter' },
  });
}

/**
 * The adapters over the model of AWS and a counted table, in virtual time: what production would ask of AWS is asked
 * here, each call takes its time, and `usage` has what it costs. Computing time is that of this machine.
 */
export class Stage {
  readonly clock = new VirtualClock(T0);
  readonly settings: Settings;
  readonly aws: AwsModel;
  readonly counting = { clock: this.clock, latency: 0, usage: new Usage() };
  readonly table = new CountingTable(this.counting);
  readonly loadBalancer: AwsLoadBalancer;
  readonly hosts: SsmHosts;
  readonly store: DynamoStore;
  readonly events: Ports['events'];
  readonly published: Event[] = [];
  /** Slices that serve, by instance. */
  readonly serving = new Map<string, string[]>();
  readonly #options: StageOptions;

  constructor(options: StageOptions) {
    this.#options = options;
    const { clock, table } = this;
    this.settings = settingsFor(options);
    const { instances, ready = 0 } = options;
    const max = 2 * (instances + ready);
    this.aws = new AwsModel({
      clock,
      buckets: options.buckets,
      latency: options.latency,
      run: () => ({ seconds: 2 }),
      groups: [
        { name: 'steady', max, warmPool: { prepared: 0 } },
        { name: 'spot', max, spot: true },
      ],
    });
    const client = this.aws.client();
    this.loadBalancer = new AwsLoadBalancer({ elb: client, table, clock });
    this.hosts = new SsmHosts({ ssm: client, clock, document: 'hook' });
    this.store = new DynamoStore(table, clock);
    this.events = {
      publish: async (events) => {
        this.published.push(...events);
        this.counting.usage.add('events', events.length);
        await clock.sleepUntil(clock.now() + options.latency);
      },
    };
  }

  /** Puts everything in place, then begins to count. */
  async seed(): Promise<void> {
    const { table, aws, settings, clock } = this;
    const { instances, ready = 0, shards } = this.#options;
    const groups = settings.shards.map(({ name }) => {
      const group = aws.elb.addTargetGroup(name, { HealthCheckIntervalSeconds: 5 }, true);
      group.attributes.set('deregistration_delay.timeout_seconds', '60');
      return group;
    });
    for (const { name, arn } of groups) {
      const item = {
        targetGroup: arn,
        targetGroupName: dimensionOf(arn),
        loadBalancer: 'app/x/0',
        own: true,
      };
      await table.put({ pk: PK.route, sk: name, ...item });
    }
    await table.put({ pk: PK.state, sk: 'routes', etag: '"1"' });
    for (let i = 0; i < instances + ready; i++) {
      const isSpot = i % 10 < 3;
      const group = aws.autoScaling.group(isSpot ? 'spot' : 'steady');
      const { id } = aws.autoScaling.seed(group);
      const at = { since: T0 - 7200 };
      await table.put({
        pk: PK.instance,
        sk: id,
        group: isSpot ? 'spot' : 'steady',
        state: 'running',
        ...at,
      });
      for (const slice of sliceIdsOf(id, settings)) {
        const shard = `shard-${i % shards}`;
        const serves = i < instances;
        const placement = serves ? { kind: 'active', shard, ...at } : { kind: 'ready', ...at };
        await table.put({ pk: PK.slice, sk: slice, version: 1_700_000_000, placement });
        if (!serves) continue;
        const [ec2, port] = slice.split(':') as [string, string];
        aws.elb.targets.seed(groups[i % shards]!, ec2, Number(port));
        this.serving.set(id, [shard]);
      }
    }
    const health = new HealthItems(table);
    for (const { name } of groups) {
      const states = await clock.settle(this.loadBalancer.states(name));
      await health.seen(name, states, undefined, clock.now());
    }
    await this.forecasts();
    await this.beats();
    await this.#give();
    this.counting.latency = this.#options.latency;
    this.reset();
  }

  /** Forecasts as of now: the load that is there, with some uncertainty. */
  async forecasts(): Promise<void> {
    const at = this.clock.now();
    const load = this.load;
    const horizons = planningHorizons(this.settings).map((ahead) => ({
      ahead,
      quantiles: LEVELS.map((level) => load * (0.9 + 0.2 * level)),
    }));
    const all = this.settings.shards.map(({ name: shard }) => ({
      shard,
      at,
      knownUntil: at - 60,
      horizons,
      method: 'seasonal-shifted 0.7, last 0.3',
    }));
    await this.#uncounted(() => new ForecastStore(this.table).write(all));
  }

  /** A beat of every agent, as of now. */
  async beats(): Promise<void> {
    const { slots = 0 } = this.#options;
    if (slots === 0) return;
    const agents = new TableAgents(this.table);
    const at = this.clock.now();
    const all = [...this.serving].map(([id, [shard = '']]) => beatOf(id, shard, at));
    await this.#uncounted(() => Promise.all(all.map((state) => agents.beat(state))));
  }

  /** Every slot to an instance of its shard, evenly. */
  async #give(): Promise<void> {
    const { slots = 0 } = this.#options;
    if (slots === 0) return;
    const held = new Map<string, string[]>();
    for (const [id, [shard = '']] of this.serving)
      held.set(shard, [...(held.get(shard) ?? []), ...Array<string>(slots).fill(`${id}:8080`)]);
    for (const [shard, holders] of held) {
      const columns = Object.fromEntries(holders.map((holder, slot) => [`s${slot}`, `1 ${holder}`]));
      await this.table.put({ pk: PK.slots, sk: shard, ...columns });
    }
  }

  async #uncounted(work: () => Promise<unknown>): Promise<void> {
    const { latency, usage } = this.counting;
    Object.assign(this.counting, { latency: 0, usage: new Usage() });
    await work();
    Object.assign(this.counting, { latency, usage });
  }

  /** Load of each shard: 80 % of what its instances serve. */
  get load(): number {
    const { instances, shards } = this.#options;
    return (0.8 * 100 * instances) / shards;
  }

  /** Reports of a minute, as the instances write them: the lines, for GetLogEvents. */
  reports(minute: number): string[] {
    const requests = Math.round((this.load * 60 * this.#options.shards) / this.#options.instances);
    return [...this.serving].map(([i, shards]) =>
      JSON.stringify({
        v: 1,
        i,
        t: minute,
        cpu: 0.512,
        mem: 0.634,
        s: shards.map((shard) => [shard, 8080, requests, 41.7]),
      }),
    );
  }

  /** The fleet of one process. */
  fleet(): AwsFleet {
    const { aws, table, clock, settings } = this;
    const groups = { steady: 'steady', spot: 'spot' };
    return new AwsFleet({ autoScaling: aws.client(), ec2: aws.machines(), table, clock, settings, groups });
  }

  /** Begins to count anew. @returns what was counted */
  reset(): Usage {
    const { usage } = this.counting;
    this.counting.usage = new Usage();
    this.aws.calls.clear();
    return usage;
  }

  /** Drives work to its end: seconds of virtual time that it waited, and of this machine's cores that it used. */
  async timed<T>(work: () => Promise<T>): Promise<{ result: T; waited: number; computed: number }> {
    const from = this.clock.now();
    const began = process.cpuUsage();
    const result = await this.clock.settle(work());
    return { result, waited: this.clock.now() - from, computed: secondsSince(began) };
  }
}

/** Seconds of a core, garbage collection included: whoever else is busy on the machine does not count. */
export function secondsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}
