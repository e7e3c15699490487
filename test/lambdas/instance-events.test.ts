import { beforeEach, describe, expect, it } from 'vitest';
import { AwsFleet } from '../../adapters/aws/fleet.ts';
import { writeRequests } from '../../adapters/aws/fleet-requests.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { PK } from '../../adapters/aws/table.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import type { EventParts } from '../../lambdas/instance-events/parts.ts';
import { eventSchema } from '../../lambdas/instance-events/schemas.ts';
import { onEvent } from '../../lambdas/instance-events/work.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf } from '../routes/factories.ts';

const T0 = 1_790_000_000;
const GROUP = 'foreshard-shop-steady';
const SPOT = 'foreshard-shop-spot';

let table: MemoryTable;
let store: DynamoStore;
let now: number;
let did: string[];
let failing: Error | undefined;
let parts: EventParts;

beforeEach(() => {
  table = new MemoryTable();
  now = T0;
  did = [];
  failing = undefined;
  const clock = { now: () => now, sleepUntil: async () => undefined };
  store = new DynamoStore(table, clock);
  const settings = settingsOf([{ name: 'cart' }], { slicesPerInstance: 2 });
  const note = (text: string) => {
    did.push(text);
  };
  const autoScaling = {
    send: async (command: { constructor: { name: string }; input: { InstanceId?: string } }) => {
      if (failing) throw failing;
      note(`${command.constructor.name} ${command.input.InstanceId}`);
    },
  } as never;
  const groups = { steady: GROUP, spot: SPOT };
  const fleet = new AwsFleet({ autoScaling, table, groups, settings, clock });
  parts = {
    ports: unwiredPorts({
      clock,
      store,
      fleet,
      loadBalancer: {
        register: async () => undefined,
        deregister: async (shard, slice) => note(`deregister ${shard} ${slice}`),
        health: async () => 'unused',
      },
      events: { publish: async (events) => note(events.map(({ type }) => type).join()) },
      workflows: { start: async (flow, name, input) => note(`${flow} ${name} ${JSON.stringify(input)}`) },
    }),
    settings,
    table,
    autoScaling,
    groups,
    bind: (instance, group, at) => fleet.bind(instance, group, at),
    startPlan: async () => note('plan'),
  };
});

let ids = 0;
/** An event as it comes from EventBridge: parsed by the handler's schema. */
const send = (type: string, detail: object, at = T0) =>
  onEvent(
    parts,
    eventSchema.parse({
      version: '0',
      id: `e-${ids++}`,
      'detail-type': type,
      source: type.includes('Instance-') || type.includes('Launch') ? 'aws.autoscaling' : 'aws.ec2',
      account: '111122223333',
      time: formatStamp(at),
      region: 'us-east-1',
      resources: [],
      detail,
    }),
  );
const state = (instance: string, value: string, at = T0) =>
  send('EC2 Instance State-change Notification', { 'instance-id': instance, state: value }, at);
const hook = (kind: 'launch' | 'terminate', instance: string, more: object = {}) =>
  send(`EC2 Instance-${kind} Lifecycle Action`, {
    LifecycleActionToken: '87654321-4321-4321-4321-210987654321',
    AutoScalingGroupName: GROUP,
    LifecycleHookName: `foreshard-${kind}`,
    EC2InstanceId: instance,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
    NotificationMetadata: 'additional-info',
    Origin: 'EC2',
    Destination: 'AutoScalingGroup',
    ...more,
  });
const launch = (what: 'Launch Successful' | 'Launch Unsuccessful', instance: string, more: object = {}) =>
  send(`EC2 Instance ${what}`, {
    StatusCode: 'InProgress',
    AutoScalingGroupName: GROUP,
    ActivityId: '87654321-4321-4321-4321-210987654321',
    EC2InstanceId: instance,
    Details: { 'Availability Zone': 'us-east-1b', 'Subnet ID': 'subnet-1' },
    Origin: 'EC2',
    Destination: 'AutoScalingGroup',
    ...more,
  });
const request = (id: string, expires: number) =>
  writeRequests(table, [{ id, group: 'steady', at: T0 - 60, expires }]);
const bound = async () =>
  (await table.query(PK.request)).map(({ sk, instance }) => `${sk.split('#')[1]}=${instance ?? 'open'}`);

async function activate(slice: string, since = T0 - 1000): Promise<void> {
  await table.put({
    pk: PK.slice,
    sk: slice,
    version: 5,
    placement: { kind: 'active', shard: 'cart', since },
  });
}

describe('launches', () => {
  it('an arriving instance takes the oldest request, once, however often it is said', async () => {
    await request('b', T0 + 200);
    await request('a', T0 + 100);
    await hook('launch', 'i-1');
    await hook('launch', 'i-1');
    expect(await bound()).toEqual(['a=i-1', 'b=open']);
    await hook('launch', 'i-2', { Origin: 'WarmPool' });
    expect(await bound()).toEqual(['a=i-1', 'b=i-2']);
    expect(did).toEqual([]);
  });

  it('one that goes into the warm pool takes none', async () => {
    await request('a', T0 + 100);
    await hook('launch', 'i-1', { Destination: 'WarmPool' });
    await launch('Launch Successful', 'i-1', { Destination: 'WarmPool' });
    expect(await bound()).toEqual(['a=open']);
    expect(await store.slices()).toEqual([]);
  });

  it('in service its slices are ready and a plan is made; the lost event of the hook is made up for', async () => {
    await request('a', T0 + 100);
    await launch('Launch Successful', 'i-1');
    expect((await store.slices()).map(({ slice, placement }) => `${slice} ${placement.kind}`)).toEqual([
      'i-1:8080 ready',
      'i-1:8081 ready',
    ]);
    expect(await bound()).toEqual(['a=i-1']);
    expect(did).toEqual(['InstanceArrived', 'plan']);
    await launch('Launch Successful', 'i-1');
    expect(did).toEqual(['InstanceArrived', 'plan', 'plan']);
  });

  it('an arrival that is told after the end adds nothing', async () => {
    await hook('launch', 'i-1');
    await state('i-1', 'terminated');
    await launch('Launch Successful', 'i-1');
    expect(await store.slices()).toEqual([]);
  });

  it('a failed launch drops the oldest open request and has the plan look', async () => {
    await request('a', T0 + 100);
    await request('b', T0 + 200);
    const failed = await launch('Launch Unsuccessful', '', { StatusMessage: 'no capacity' });
    expect(failed.outcome).toMatch(/^request .*#a dropped: no capacity$/);
    expect((await table.query(PK.request)).map(({ expires }) => expires)).toEqual([T0, T0 + 200]);
    // The next minute's is soon enough: one at once would fail at once.
    expect(did).toEqual([]);
    await hook('launch', 'i-1');
    expect(await bound()).toEqual(['a=open', 'b=i-1']);
    await launch('Launch Unsuccessful', '', { StatusCode: 'Failed' });
    expect(did).toEqual([]);
  });

  it('other groups are nobody’s business here', async () => {
    await request('a', T0 + 100);
    const other = { AutoScalingGroupName: 'other' };
    for (const result of [
      await hook('launch', 'i-1', other),
      await hook('terminate', 'i-1', other),
      await launch('Launch Successful', 'i-1', other),
      await launch('Launch Unsuccessful', 'i-1', other),
    ])
      expect(result.outcome).toBe('ignored: another group');
    expect(await bound()).toEqual(['a=open']);
    expect(did).toEqual([]);
  });
});

describe('ends', () => {
  it('an instance that ends loses its slices, out of their shards, once', async () => {
    await activate('i-1:8080');
    await store.add('i-1:8081', T0 - 1000);
    await activate('i-10:8080');
    await state('i-1', 'shutting-down');
    await state('i-1', 'terminated');
    expect((await store.slices()).map(({ slice }) => slice)).toEqual(['i-10:8080']);
    expect(did).toEqual(['deregister cart i-1:8080', 'InstanceLost', 'plan']);
  });

  it('one that is stopped would serve its old shard at its next start: the same', async () => {
    await activate('i-1:8080');
    await state('i-1', 'stopping');
    expect(await store.slices()).toEqual([]);
    expect(did[0]).toBe('deregister cart i-1:8080');
  });

  it('a stop that is told late, when the instance runs again, changes nothing', async () => {
    await activate('i-1:8080', T0 + 60);
    expect((await state('i-1', 'stopped', T0)).outcome).toBe('ignored: it has started since');
    expect(await store.slices()).toHaveLength(1);
    await state('i-1', 'terminated', T0);
    expect(await store.slices()).toEqual([]);
  });

  it('strangers and instances that come up are passed over', async () => {
    expect((await state('i-9', 'terminated')).outcome).toBe('ignored: not of this service');
    expect((await state('i-9', 'running')).outcome).toBe('ignored: it is running');
    expect(await table.query(PK.instance)).toEqual([]);
    expect(did).toEqual([]);
  });

  it('at the terminate hook, one that serves nobody may end at once', async () => {
    await store.add('i-1:8080', T0);
    await hook('terminate', 'i-1');
    expect(await store.slices()).toEqual([]);
    expect(did).toEqual(['InstanceLost', 'CompleteLifecycleActionCommand i-1']);
    failing = Object.assign(new Error('No active Lifecycle Action found'), { name: 'ValidationError' });
    expect((await hook('terminate', 'i-1')).outcome).toBe('had gone on');
    failing = Object.assign(new Error('down'), { name: 'ServiceUnavailable' });
    await expect(hook('terminate', 'i-1')).rejects.toThrow('down');
  });

  it('one that serves is evacuated first, within the hook’s heartbeat', async () => {
    await activate('i-1:8080');
    const { outcome } = await hook('terminate', 'i-1');
    expect(outcome).toBe('evacuates 1 slices');
    expect(did).toEqual([
      `hand-over hand-over/i-1/${T0 + 180} {"instance":"i-1","at":${T0},"deadline":${T0 + 180}}`,
      'plan',
    ]);
    expect((await hook('terminate', 'i-1', { Action: 'ReplaceRootVolume' })).outcome).toBe(
      'ignored: it stays',
    );
  });
});

describe('Spot', () => {
  const warning = (instance: string, at: number) =>
    send(
      'EC2 Spot Instance Interruption Warning',
      { 'instance-id': instance, 'instance-action': 'terminate' },
      at,
    );

  it('a notice starts one hand-over, whatever a second one says', async () => {
    await table.put({ pk: PK.instance, sk: 'i-1', group: 'spot' });
    await warning('i-1', T0);
    await warning('i-1', T0 + 5);
    const handOver = `hand-over hand-over/i-1/${T0 + 120} {"instance":"i-1","at":${T0},"deadline":${T0 + 120}}`;
    expect(did).toEqual([handOver, 'plan', handOver, 'plan']);
    expect(await table.get(PK.instance, 'i-1')).toMatchObject({ noticeAt: T0, deadline: T0 + 120 });
  });

  it('a recommendation is marked and published once', async () => {
    await activate('i-1:8080');
    const recommend = () => send('EC2 Instance Rebalance Recommendation', { 'instance-id': 'i-1' });
    await recommend();
    await recommend();
    expect(did).toEqual(['RebalanceRecommended', 'plan']);
    expect(await table.get(PK.instance, 'i-1')).toMatchObject({ rebalanceAt: T0 });
  });

  it('Spot instances of others leave no trace', async () => {
    await warning('i-9', T0);
    await send('EC2 Instance Rebalance Recommendation', { 'instance-id': 'i-9' });
    expect(await table.query(PK.instance)).toEqual([]);
    expect(did).toEqual([]);
  });
});
