import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
  PutWarmPoolCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  CreateLaunchTemplateCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { namesOf, SERVICE_TAG } from '../../infra/names.ts';
import { connection } from './connect.ts';
import { REGION } from './servers.ts';

/** Clients of moto. */
export function fleetHalf() {
  const on = connection('moto');
  return {
    autoScaling: new AutoScalingClient(on),
    ec2: new EC2Client(on),
    elb: new ElasticLoadBalancingV2Client(on),
  };
}

export type FleetHalf = ReturnType<typeof fleetHalf>;

/** A network with a load balancer, as a user brings it. */
export interface Site {
  readonly vpc: string;
  readonly zones: readonly string[];
  readonly subnets: readonly string[];
  readonly securityGroup: string;
  readonly loadBalancer: string;
  readonly listener: string;
}

export async function makeSite({ ec2, elb }: FleetHalf, name: string): Promise<Site> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const vpc = Vpc!.VpcId!;
  const zones = [`${REGION}a`, `${REGION}b`];
  const subnets: string[] = [];
  for (const [i, AvailabilityZone] of zones.entries()) {
    const made = await ec2.send(
      new CreateSubnetCommand({ VpcId: vpc, CidrBlock: `10.0.${i}.0/24`, AvailabilityZone }),
    );
    subnets.push(made.Subnet!.SubnetId!);
  }
  const door = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpc, GroupName: name, Description: 'load balancer' }),
  );
  const { LoadBalancers } = await elb.send(new CreateLoadBalancerCommand({ Name: name, Subnets: subnets }));
  const loadBalancer = LoadBalancers![0]!.LoadBalancerArn!;
  const { Listeners } = await elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: loadBalancer,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    }),
  );
  const listener = Listeners![0]!.ListenerArn!;
  return { vpc, zones, subnets, securityGroup: door.GroupId!, loadBalancer, listener };
}

/**
 * The two groups of a service, empty. The template's own are in MiniStack, whose groups have no instances; these have
 * the same names, and the functions see these. Instances launched here are InService at once: no hook holds them.
 */
export async function makeGroups(
  { autoScaling, ec2 }: FleetHalf,
  service: string,
  site: Site,
): Promise<void> {
  const { LaunchTemplate } = await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: service,
      LaunchTemplateData: { ImageId: 'ami-12345678', InstanceType: 'm7i.large' },
    }),
  );
  const { steadyGroup, spotGroup } = namesOf(service);
  for (const [AutoScalingGroupName, onDemand] of [
    [steadyGroup, 100],
    [spotGroup, 0],
  ] as const)
    await autoScaling.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName,
        MinSize: 0,
        MaxSize: 50,
        DesiredCapacity: 0,
        NewInstancesProtectedFromScaleIn: true,
        VPCZoneIdentifier: site.subnets.join(','),
        MixedInstancesPolicy: {
          LaunchTemplate: {
            LaunchTemplateSpecification: {
              LaunchTemplateId: LaunchTemplate!.LaunchTemplateId!,
              Version: '$Latest',
            },
            Overrides: [{ InstanceType: 'm7i.large' }],
          },
          InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: onDemand },
        },
        Tags: [{ Key: SERVICE_TAG, Value: service, PropagateAtLaunch: true }],
      }),
    );
  await autoScaling.send(
    new PutWarmPoolCommand({
      AutoScalingGroupName: steadyGroup,
      PoolState: 'Stopped',
      MinSize: 0,
      MaxGroupPreparedCapacity: 0,
      InstanceReusePolicy: { ReuseOnScaleIn: true },
    }),
  );
}

/** Desired capacity and instances of the groups, by group. */
export async function groupsOf({ autoScaling }: FleetHalf, service: string) {
  const { steadyGroup, spotGroup } = namesOf(service);
  const { AutoScalingGroups = [] } = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [steadyGroup, spotGroup] }),
  );
  const of = (name: string) => {
    const group = AutoScalingGroups.find(({ AutoScalingGroupName }) => AutoScalingGroupName === name);
    return { desired: group?.DesiredCapacity ?? 0, instances: group?.Instances ?? [] };
  };
  return { steady: of(steadyGroup), spot: of(spotGroup) };
}
