import { AwsFleet } from '../../adapters/aws/fleet.ts';
import { releasedInstances } from '../../adapters/aws/fleet-termination.ts';
import { handOverPorts } from '../../adapters/aws/hand-over/ports.ts';
import { SsmHosts } from '../../adapters/aws/hosts.ts';
import { AwsLoadBalancer } from '../../adapters/aws/load-balancer.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { PK } from '../../adapters/aws/table.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { AwsModel, type ModelOptions } from '../model-aws/model.ts';
import { T0 } from '../world/fixtures.ts';

/** How often the world's plan settles the fleet and its poller looks. */
const TICK = 30;

/**
 * The adapters of the fleet's half over the model of AWS, with what production has around them: a plan that settles, a
 * poller that writes `health` items, the function that lets go of the terminate hook, the termination policy.
 */
export class AwsWorld {
  readonly clock = new VirtualClock(T0);
  readonly table = new MemoryTable();
  readonly settings: Settings;
  readonly aws: AwsModel;
  readonly fleet: AwsFleet;
  readonly loadBalancer: AwsLoadBalancer;
  readonly store: DynamoStore;
  readonly hosts: SsmHosts;
  readonly #begun = T0;
  #ticked = T0;

  constructor(settings: Settings, options: Partial<ModelOptions> = {}) {
    const { clock, table } = this;
    this.settings = settings;
    const { cold, warm, standby, activate, drain } = settings.fleet.leadTimes;
    const policy = (group: 'steady' | 'spot') => (offered: readonly string[]) =>
      releasedInstances(table, offered, group);
    const hooks = {
      launchHook: { name: 'launch', timeout: 900, otherwise: 'ABANDON' },
      terminateHook: { name: 'terminate', timeout: 300, otherwise: 'CONTINUE' },
    } as const;
    const max = 2 * settings.fleet.max;
    this.aws = new AwsModel({
      clock,
      zones: settings.fleet.zones,
      types: settings.fleet.instanceTypes.map(({ type }) => type),
      boot: { cold: cold.seconds, warm: warm.seconds, standby: standby.seconds },
      run: (_, { action }) => ({ seconds: action === 'activate' ? activate.seconds / 2 : 0 }),
      groups: [
        { name: 'steady', max, warmPool: { prepared: 0 }, policy: policy('steady'), ...hooks },
        { name: 'spot', max, spot: true, policy: policy('spot'), ...hooks },
      ],
      ...options,
    });
    const client = this.aws.client();
    for (const { name } of settings.shards) {
      const group = this.aws.elb.addTargetGroup(
        name,
        { HealthCheckIntervalSeconds: activate.seconds / 2 },
        true,
      );
      group.attributes.set('deregistration_delay.timeout_seconds', String(drain.seconds));
      void table.put({ pk: PK.route, sk: name, targetGroup: group.arn });
    }
    this.aws.listen(({ 'detail-type': type, detail }) => {
      if (type !== 'EC2 Instance-terminate Lifecycle Action') return;
      this.aws.autoScaling.lifecycle.complete(
        this.aws.autoScaling.lifecycle.member(detail.EC2InstanceId)!,
        'CONTINUE',
      );
    });
    this.fleet = this.anotherFleet();
    this.loadBalancer = new AwsLoadBalancer({ elb: client, table, clock });
    this.hosts = new SsmHosts({ ssm: client, clock, document: 'hook' });
    this.store = new DynamoStore(table, clock);
  }

  /** As another function has it: nothing kept in memory is shared. */
  anotherFleet(): AwsFleet {
    const { aws, table, clock, settings } = this;
    const groups = { steady: 'steady', spot: 'spot' };
    return new AwsFleet({ autoScaling: aws.client(), ec2: aws.machines(), table, clock, settings, groups });
  }

  get ports() {
    const { clock, fleet, loadBalancer, hosts, store, table } = this;
    return unwiredPorts({ clock, fleet, loadBalancer, hosts, store, ...handOverPorts(table) });
  }

  drive<T>(work: Promise<T>): Promise<T> {
    return this.clock.settle(work);
  }

  /** Time goes on, with a tick every half minute since the world began. */
  async wait(seconds: number): Promise<void> {
    const until = this.clock.now() + seconds;
    for (let next = this.#ticked + TICK; next <= until; next = this.#ticked + TICK) {
      await this.clock.runUntil(next);
      this.#ticked = next;
      await this.tick();
    }
    await this.clock.runUntil(until);
  }

  /** What the poller and the plan do. @throws what `settle` could not do. */
  async tick(): Promise<void> {
    const failures = await this.drive(this.look().then(() => this.fleet.settle()));
    if (failures.length > 0) throw new Error(JSON.stringify(failures));
  }

  async look(): Promise<void> {
    const at = this.clock.now();
    for (const { name } of this.settings.shards) {
      const states = await this.loadBalancer.states(name);
      const before = await this.table.get(PK.health, name);
      const since = (before?.targets ?? {}) as Record<string, { state: string; since: number }>;
      const targets = Object.fromEntries(
        [...states].map(([slice, state]) => [
          slice,
          since[slice]?.state === state ? since[slice] : { state, since: at },
        ]),
      );
      await this.table.put({ pk: PK.health, sk: name, at, targets });
    }
  }

  /** Members of a group and their lifecycle states. */
  lifecycles(group: 'steady' | 'spot'): string[] {
    return [...this.aws.autoScaling.group(group).members.values()].map(({ lifecycle }) => lifecycle);
  }

  get age(): number {
    return this.clock.now() - this.#begun;
  }
}
