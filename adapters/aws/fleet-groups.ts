import {
  type AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  DescribeWarmPoolCommand,
  type Instance as GroupInstance,
  type WarmPoolConfiguration,
} from '@aws-sdk/client-auto-scaling';
import type { Clock } from '../../core/ports.ts';
import type { Group } from '../../core/shards/instance.ts';
import { unthrottled } from './throttling.ts';

/** An instance, as Auto Scaling lists it. */
export interface Member {
  readonly id: string;
  readonly type: string;
  readonly zone: string;
  readonly group: Group;
  /** `InService`, `Pending:Wait`, `Warmed:Stopped`, … */
  lifecycle: string;
  isProtected: boolean;
  readonly isHealthy: boolean;
}

/** A group at one instant. What is changed through the fleet is changed here too. */
export interface GroupFacts {
  readonly group: Group;
  readonly name: string;
  readonly min: number;
  readonly max: number;
  desired: number;
  /** Configuration of the warm pool; undefined where the group has none. */
  warmPool: WarmPoolConfiguration | undefined;
  /** The warm pool's instances too. */
  readonly members: readonly Member[];
}

export interface GroupReader {
  readonly autoScaling: Pick<AutoScalingClient, 'send'>;
  readonly clock: Clock;
  /** Names of the groups. Neither may weight its instances: desired capacity counts them. */
  readonly groups: Readonly<Record<Group, string>>;
}

const PAGE = 50;

/**
 * Both groups and the warm pool: one call, and one per 50 instances in the warm pool.
 * @throws {RangeError} that names a group which does not exist.
 */
export async function readGroups(reader: GroupReader): Promise<Record<Group, GroupFacts>> {
  const { groups } = reader;
  const found = await describe(reader, Object.values(groups));
  const facts = async (group: Group): Promise<GroupFacts> => {
    const seen = found.find(({ AutoScalingGroupName }) => AutoScalingGroupName === groups[group]);
    if (seen === undefined) throw new RangeError(`group ${groups[group]} (${group}) does not exist`);
    const { WarmPoolConfiguration: warmPool, WarmPoolSize, Instances = [] } = seen;
    const members = new Map<string, Member>();
    // An instance that goes from the one to the other between the two calls is in both: it counts where it serves.
    if (warmPool !== undefined && WarmPoolSize !== 0)
      for (const one of await describeWarm(reader, groups[group])) add(members, one, group);
    for (const one of Instances) add(members, one, group);
    return {
      group,
      name: groups[group],
      min: seen.MinSize ?? 0,
      max: seen.MaxSize ?? 0,
      desired: seen.DesiredCapacity ?? 0,
      warmPool,
      members: [...members.values()],
    };
  };
  const [steady, spot] = await Promise.all([facts('steady'), facts('spot')]);
  return { steady, spot };
}

function add(members: Map<string, Member>, one: GroupInstance, group: Group): void {
  const {
    InstanceId: id,
    InstanceType,
    AvailabilityZone,
    LifecycleState,
    ProtectedFromScaleIn,
    HealthStatus,
  } = one;
  if (id === undefined) return;
  members.set(id, {
    id,
    type: InstanceType ?? 'unknown',
    zone: AvailabilityZone ?? 'unknown',
    group,
    lifecycle: LifecycleState ?? 'unknown',
    isProtected: ProtectedFromScaleIn ?? false,
    isHealthy: HealthStatus?.toLowerCase() !== 'unhealthy',
  });
}

async function describe({ autoScaling, clock }: GroupReader, names: string[]): Promise<AutoScalingGroup[]> {
  const found: AutoScalingGroup[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: names, NextToken });
    const page = await unthrottled(clock, () => autoScaling.send(command));
    found.push(...(page.AutoScalingGroups ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}

async function describeWarm({ autoScaling, clock }: GroupReader, name: string): Promise<GroupInstance[]> {
  const found: GroupInstance[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeWarmPoolCommand({ AutoScalingGroupName: name, MaxRecords: PAGE, NextToken });
    const page = await unthrottled(clock, () => autoScaling.send(command));
    found.push(...(page.Instances ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}
