import type {
  AutoScalingGroupNamesType,
  CompleteLifecycleActionType,
  DescribeAutoScalingInstancesType,
  DescribeWarmPoolType,
  EnterStandbyQuery,
  ExitStandbyQuery,
  LaunchInstancesRequest,
  LaunchInstancesResult,
  PutWarmPoolType,
  SetDesiredCapacityType,
  SetInstanceProtectionQuery,
  TerminateInstanceInAutoScalingGroupType,
} from '@aws-sdk/client-auto-scaling';
import type { AutoScalingModel } from './auto-scaling.ts';
import { invalid } from './errors.ts';
import type { GroupMember, GroupModel } from './group.ts';
import { page } from './page.ts';

/** Calls of Auto Scaling by name, with AWS's limits on lists and its refusals. */
export function autoScalingApi(scaling: AutoScalingModel) {
  const launches = new Map<string, LaunchInstancesResult>();
  const inGroup = (group: GroupModel, ids: readonly string[], most: number): GroupMember[] => {
    if (ids.length > most) throw invalid(`at most ${most} instances, got ${ids.length}`);
    return ids.map((id) => {
      const member = group.members.get(id);
      if (member === undefined) throw invalid(`The instance ${id} is not part of Auto Scaling group`);
      return member;
    });
  };
  const decrement = (group: GroupModel, by: number) => {
    if (group.desired - by < group.min)
      throw invalid(`desired capacity ${group.desired - by} would be below MinSize ${group.min}`);
    group.desired -= by;
  };

  return {
    DescribeAutoScalingGroups: (input: AutoScalingGroupNamesType) => {
      const names = new Set(input.AutoScalingGroupNames);
      const found = [...scaling.groups.values()].filter(
        ({ options }) => input.AutoScalingGroupNames === undefined || names.has(options.name),
      );
      const { items, next } = page(found, input.MaxRecords ?? 50, input.NextToken);
      return { AutoScalingGroups: items.map(describe), NextToken: next };
    },
    DescribeWarmPool: (input: DescribeWarmPoolType) => {
      const group = scaling.group(input.AutoScalingGroupName);
      const size = input.MaxRecords ?? 50;
      if (size > 50) throw invalid(`MaxRecords: at most 50, got ${size}`);
      const pool = [...group.members.values()].filter(({ lifecycle }) => lifecycle.startsWith('Warmed:'));
      const { items, next } = page(pool, size, input.NextToken);
      return { WarmPoolConfiguration: poolOf(group), Instances: items.map(instance), NextToken: next };
    },
    DescribeAutoScalingInstances: (input: DescribeAutoScalingInstancesType) => {
      const all = [...scaling.groups.values()].flatMap(({ members }) => [...members.values()]);
      const ids = input.InstanceIds && new Set(input.InstanceIds);
      const chosen = all.filter(({ id }) => ids?.has(id) ?? true);
      const { items, next } = page(chosen, input.MaxRecords ?? 50, input.NextToken);
      return {
        AutoScalingInstances: items.map((one) => ({
          ...instance(one),
          AutoScalingGroupName: one.group.options.name,
        })),
        NextToken: next,
      };
    },
    SetDesiredCapacity: ({ AutoScalingGroupName, DesiredCapacity = 0 }: SetDesiredCapacityType) => {
      const group = scaling.group(AutoScalingGroupName);
      if (DesiredCapacity < group.min || DesiredCapacity > group.max)
        throw invalid(`New SetDesiredCapacity value ${DesiredCapacity} is not in ${group.min}..${group.max}`);
      group.desired = DesiredCapacity;
      scaling.look(group);
      return {};
    },
    LaunchInstances: (input: LaunchInstancesRequest): LaunchInstancesResult => {
      const { ClientToken = '', AvailabilityZones = [], RequestedCapacity = 0 } = input;
      const group = scaling.group(input.AutoScalingGroupName);
      const name = group.options.name;
      const told = launches.get(ClientToken);
      if (told !== undefined) return told;
      if (!/^[A-Za-z0-9_/-]{1,64}$/.test(ClientToken)) throw invalid(`ClientToken ${ClientToken} is not one`);
      const [zone = ''] = AvailabilityZones;
      if (AvailabilityZones.length !== 1 || !scaling.zones.includes(zone))
        throw invalid(`AvailabilityZones ${AvailabilityZones.join()}: one of ${scaling.zones.join()}`);
      if (group.desired + RequestedCapacity > group.max)
        throw invalid(
          `desired capacity ${group.desired + RequestedCapacity} would exceed MaxSize ${group.max}`,
        );
      const members = scaling.launchIn(group, zone, RequestedCapacity);
      const place = { AvailabilityZone: zone, MarketType: group.options.spot ? 'Spot' : 'OnDemand' };
      const answer: LaunchInstancesResult = {
        AutoScalingGroupName: name,
        ClientToken,
        Instances: (members ?? []).map(({ id, type }) => ({
          ...place,
          InstanceType: type,
          InstanceIds: [id],
        })),
        Errors: members
          ? []
          : [{ ...place, ErrorCode: 'InsufficientInstanceCapacity', ErrorMessage: 'no capacity' }],
      };
      launches.set(ClientToken, answer);
      return answer;
    },
    PutWarmPool: (input: PutWarmPoolType) => {
      const group = scaling.group(input.AutoScalingGroupName);
      const prepared = input.MaxGroupPreparedCapacity ?? group.warmPool?.prepared;
      group.warmPool = {
        prepared: prepared === -1 ? undefined : prepared,
        min: input.MinSize ?? 0,
        state: input.PoolState ?? 'Stopped',
        reuse: input.InstanceReusePolicy?.ReuseOnScaleIn ?? false,
      };
      scaling.look(group);
      return {};
    },
    SetInstanceProtection: (input: SetInstanceProtectionQuery) => {
      const members = inGroup(scaling.group(input.AutoScalingGroupName), input.InstanceIds ?? [], 50);
      for (const member of members) {
        if (!['InService', 'Standby'].includes(member.lifecycle) && !member.lifecycle.startsWith('Pending'))
          throw invalid(`The instance ${member.id} is not in InService or EnteringStandby or Standby.`);
        member.isProtected = input.ProtectedFromScaleIn ?? false;
        scaling.look(member.group);
      }
      return {};
    },
    TerminateInstanceInAutoScalingGroup: (input: TerminateInstanceInAutoScalingGroupType) => {
      const member = scaling.lifecycle.member(input.InstanceId);
      if (member === undefined)
        throw invalid(
          `Instance Id not found - No managed instance found for instance ID ${input.InstanceId}`,
        );
      if (member.lifecycle.startsWith('Warmed:')) throw invalid(`instance ${member.id} is in a warm pool`);
      if (input.ShouldDecrementDesiredCapacity) decrement(member.group, 1);
      scaling.lifecycle.end(member);
      return { Activity: { StatusCode: 'InProgress' } };
    },
    EnterStandby: (input: EnterStandbyQuery) => {
      const group = scaling.group(input.AutoScalingGroupName);
      const members = inGroup(group, input.InstanceIds ?? [], 20);
      for (const { id, lifecycle } of members)
        if (lifecycle !== 'InService')
          throw invalid(`The instance ${id} is not in InService, but ${lifecycle}`);
      if (input.ShouldDecrementDesiredCapacity) decrement(group, members.length);
      for (const member of members) scaling.lifecycle.enterStandby(member);
      scaling.look(group);
      return {};
    },
    ExitStandby: (input: ExitStandbyQuery) => {
      const group = scaling.group(input.AutoScalingGroupName);
      const members = inGroup(group, input.InstanceIds ?? [], 20);
      for (const { id, lifecycle } of members)
        if (lifecycle !== 'Standby') throw invalid(`The instance ${id} is not in Standby, but ${lifecycle}`);
      if (group.desired + members.length > group.max)
        throw invalid(`desired capacity ${group.desired + members.length} would exceed MaxSize ${group.max}`);
      group.desired += members.length;
      for (const member of members) scaling.lifecycle.exitStandby(member);
      scaling.look(group);
      return {};
    },
    CompleteLifecycleAction: (input: CompleteLifecycleActionType) => {
      const { members } = scaling.group(input.AutoScalingGroupName);
      const { InstanceId, LifecycleActionToken: token, LifecycleHookName: hook } = input;
      const member = [...members.values()].find(
        ({ id, action }) =>
          action !== undefined && (token === undefined ? id === InstanceId : action.token === token),
      );
      if (member?.action?.hook.name !== hook)
        throw invalid(`No active Lifecycle Action found with instance ID ${InstanceId}`);
      scaling.lifecycle.complete(member!, input.LifecycleActionResult);
      return {};
    },
    RecordLifecycleActionHeartbeat: () => ({}),
  };
}

function describe(group: GroupModel) {
  const own = [...group.members.values()];
  return {
    AutoScalingGroupName: group.options.name,
    MinSize: group.min,
    MaxSize: group.max,
    DesiredCapacity: group.desired,
    Instances: own.filter(({ lifecycle }) => !lifecycle.startsWith('Warmed:')).map(instance),
    NewInstancesProtectedFromScaleIn: group.options.protectNew ?? true,
    ...(group.warmPool && { WarmPoolConfiguration: poolOf(group), WarmPoolSize: group.warm().length }),
  };
}

function poolOf({ warmPool }: GroupModel) {
  return (
    warmPool && {
      MaxGroupPreparedCapacity: warmPool.prepared,
      MinSize: warmPool.min,
      PoolState: warmPool.state,
      InstanceReusePolicy: { ReuseOnScaleIn: warmPool.reuse },
    }
  );
}

const instance = (member: GroupMember) => ({
  InstanceId: member.id,
  InstanceType: member.type,
  AvailabilityZone: member.zone,
  LifecycleState: member.lifecycle,
  HealthStatus: member.isHealthy ? 'Healthy' : 'Unhealthy',
  ProtectedFromScaleIn: member.isProtected,
});
