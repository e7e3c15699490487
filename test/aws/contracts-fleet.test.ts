import { SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { CreateRuleCommand, CreateTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { SSMClient } from '@aws-sdk/client-ssm';
import { beforeAll, describe, expect, it } from 'vitest';
import { AwsFleet } from '../../adapters/aws/fleet.ts';
import { Ec2Machines } from '../../adapters/aws/fleet-ec2.ts';
import { SsmHosts } from '../../adapters/aws/hosts.ts';
import { AwsLoadBalancer } from '../../adapters/aws/load-balancer.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { PK } from '../../adapters/aws/table.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { FleetAction } from '../../core/capacity/plan.ts';
import type { Clock } from '../../core/ports.ts';
import { namesOf } from '../../infra/names.ts';
import { fleetContract } from '../contracts/fleet.ts';
import { type Harness, launch } from '../contracts/harness.ts';
import { loadBalancerContract } from '../contracts/load-balancer.ts';
import { hostsContract } from '../contracts/others.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';
import { connection } from './connect.ts';
import { fleetHalf, groupsOf, makeGroups, makeSite, type Site } from './fleet-half.ts';
import { LACKS } from './lacks.ts';

/** The adapters of the fleet's half on moto: others' reading of the same calls. What it lacks is skipped by name. */
const lacks = new Set(LACKS.filter(({ server }) => server === 'moto').map(({ id }) => id));
const half = fleetHalf();
let site: Site;
let made = 0;

beforeAll(async () => {
  site = await makeSite(half, 'contracts');
});

/** moto does at once what it does: time is told, not waited for. */
class ToldClock implements Clock {
  #now = T0;
  now = () => this.#now;
  async sleepUntil(until: number): Promise<void> {
    this.#now = Math.max(this.#now, until);
  }
}

interface Moto extends Harness {
  readonly fleet: AwsFleet;
  readonly service: string;
  readonly table: MemoryTable;
}

async function make(): Promise<Moto> {
  const service = `contract-${++made}`;
  await makeGroups(half, service, site);
  const clock = new ToldClock();
  const table = new MemoryTable();
  const settings = settingsOf(['web'], { max: 10, zones: [...site.zones] });
  const { TargetGroups } = await half.elb.send(
    new CreateTargetGroupCommand({ Name: service, VpcId: site.vpc, Protocol: 'HTTP', Port: 8080 }),
  );
  const targetGroup = TargetGroups![0]!.TargetGroupArn!;
  await half.elb.send(
    new CreateRuleCommand({
      ListenerArn: site.listener,
      Priority: made,
      Conditions: [{ Field: 'path-pattern', Values: [`/${service}/*`] }],
      Actions: [{ Type: 'forward', TargetGroupArn: targetGroup }],
    }),
  );
  await table.put({ pk: PK.route, sk: 'web', targetGroup });
  const { steadyGroup: steady, spotGroup: spot } = namesOf(service);
  const fleet = new AwsFleet({
    autoScaling: half.autoScaling,
    ec2: new Ec2Machines(half.ec2, clock),
    table,
    clock,
    settings,
    groups: { steady, spot },
  });
  const loadBalancer = new AwsLoadBalancer({ elb: half.elb, table, clock });
  const ssm = new SSMClient(connection('moto'));
  const hosts = new SsmHosts({ ssm, clock, document: 'AWS-RunShellScript' });
  const tick = async () => {
    const states = await loadBalancer.states('web');
    const targets = Object.fromEntries(
      [...states].map(([slice, state]) => [slice, { state, since: clock.now() }]),
    );
    await table.put({ pk: PK.health, sk: 'web', at: clock.now(), targets });
    expect(await fleet.settle()).toEqual([]);
  };
  return {
    ports: unwiredPorts({ clock, fleet, loadBalancer, hosts, store: new DynamoStore(table, clock) }),
    settings,
    fleet,
    service,
    table,
    drive: (work) => work,
    async wait(seconds) {
      const until = clock.now() + seconds;
      while (clock.now() < until) {
        await clock.sleepUntil(Math.min(until, clock.now() + 60));
        await tick();
      }
    },
  };
}

describe('AWS, by moto', () => {
  fleetContract(make, lacks);
  loadBalancerContract(make, lacks);
  hostsContract(make, lacks);
});

describe('the fleet on moto', () => {
  const reason = { rule: 'pool' } as const;
  const release = (instance: string, to: 'retired' | 'standby'): FleetAction => ({
    kind: 'release',
    instance,
    to,
    reason,
    ...(to === 'standby' ? { shard: 'web' } : {}),
  });
  const power = async (id: string) => {
    const { Reservations } = await half.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    return Reservations?.[0]?.Instances?.[0]?.State?.Name;
  };
  const sizes = async ({ service }: Moto) => {
    const { desired, instances } = (await groupsOf(half, service)).steady;
    return { desired, states: instances.map(({ LifecycleState }) => LifecycleState).sort() };
  };

  it('ends a retired instance and lowers desired capacity with it', async () => {
    const h = await make();
    const [id = '', other] = await launch(h, 2);
    await h.fleet.apply(release(id, 'retired'), 'r');
    await h.wait(120);
    expect(await sizes(h)).toEqual({ desired: 1, states: ['InService'] });
    expect(await power(id)).toBe('terminated');
    expect((await h.fleet.list()).map((one) => [one.id, one.state])).toEqual([[other, 'running']]);
  });

  it('stops a standby outside desired capacity, and wakes it', async () => {
    const h = await make();
    const [id = ''] = await launch(h, 2);
    await h.fleet.apply(release(id, 'standby'), 's');
    await h.wait(180);
    expect(await sizes(h)).toEqual({ desired: 1, states: ['InService', 'Standby'] });
    expect(await power(id)).toBe('stopped');
    for (let i = 0; i < 3; i++) {
      await h.fleet.apply({ kind: 'wake', instance: id, shard: 'web', reason }, 'w');
      await h.wait(60);
    }
    await h.wait(60);
    expect(await sizes(h)).toEqual({ desired: 2, states: ['InService', 'InService'] });
    expect(await power(id)).toBe('running');
    expect((await h.fleet.list()).map(({ state }) => state)).toEqual(['running', 'running']);
  });

  it('protects what is in service, and keeps it though somebody lowers desired capacity', async () => {
    const h = await make();
    await launch(h, 3);
    const { steadyGroup } = namesOf(h.service);
    await half.autoScaling.send(
      new SetDesiredCapacityCommand({ AutoScalingGroupName: steadyGroup, DesiredCapacity: 1 }),
    );
    await h.wait(60);
    expect(await sizes(h)).toEqual({ desired: 3, states: Array(3).fill('InService') });
    const { instances } = (await groupsOf(half, h.service)).steady;
    expect(instances.map(({ ProtectedFromScaleIn }) => ProtectedFromScaleIn)).toEqual([true, true, true]);
  });

  it('goes on with what is there when an instance was ended by hand', async () => {
    const h = await make();
    const [id = ''] = await launch(h, 2);
    await half.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await h.wait(300);
    const list = await h.fleet.list();
    expect(list.map(({ state }) => state)).toEqual(['running', 'running']);
    expect(list.map((one) => one.id)).not.toContain(id);
    expect((await h.table.query(PK.instance)).map(({ sk }) => sk)).not.toContain(id);
  });
});
