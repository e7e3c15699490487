import { Validations } from 'aws-cdk-lib';
import { CfnAutoScalingGroup, CfnLifecycleHook, CfnWarmPool } from 'aws-cdk-lib/aws-autoscaling';
import type { ILaunchTemplate, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Construct, type IDependable } from 'constructs';
import { drainBound } from '../../core/settings/drain-bound.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { LAUNCH_HOOK, namesOf, SERVICE_TAG, TERMINATE_HOOK } from '../names.ts';

export interface FleetProps {
  readonly settings: Settings;
  readonly vpc: IVpc;
  /** Where the instances are. */
  readonly subnets: SubnetSelection;
  readonly launchTemplate: ILaunchTemplate;
  /** ARN of the function that says which instances a group may end. */
  readonly terminationPolicy: string;
  /** What Auto Scaling needs before it may call that function. */
  readonly terminationPermission: IDependable;
}

/** How long a launch may take before Auto Scaling gives it up: twice the usual and a minute, at most two hours. */
export const launchHeartbeat = ({ fleet }: Settings) =>
  Math.ceil(Math.min(7200, 2 * fleet.leadTimes.cold.seconds + 60));

/**
 * The two groups of a service. The plan alone says how large they are, so nothing in the template does: no
 * DesiredCapacity (each deploy would reset it), no scaling policy, no Capacity Rebalancing, no UpdatePolicy. What a
 * group would do by itself is switched off here, or (AZRebalance) by the schedule `suspend`.
 */
export class Fleet extends Construct {
  readonly steady: CfnAutoScalingGroup;
  readonly spot: CfnAutoScalingGroup;
  readonly warmPool: CfnWarmPool;

  constructor(scope: Construct, id: string, props: FleetProps) {
    super(scope, id);
    const names = namesOf(props.settings.service);
    this.steady = this.#group('Steady', names.steadyGroup, props, {
      onDemandPercentageAboveBaseCapacity: 100,
      // The order of the settings: the first type that can be had.
      onDemandAllocationStrategy: 'prioritized',
    });
    this.spot = this.#group('Spot', names.spotGroup, props, {
      onDemandPercentageAboveBaseCapacity: 0,
      spotAllocationStrategy: 'price-capacity-optimized',
    });
    this.warmPool = new CfnWarmPool(this, 'WarmPool', {
      autoScalingGroupName: this.steady.ref,
      poolState: 'Stopped',
      minSize: 0,
      // Without it a group would fill the pool up to its MaxSize. The plan raises it; a deploy never resets it, since
      // these literals never change.
      maxGroupPreparedCapacity: 0,
      instanceReusePolicy: { reuseOnScaleIn: true },
    });
    // Hooks first: what entered the pool without one would never say that it is ready.
    this.warmPool.node.addDependency(...this.#hooks('Steady', this.steady, props.settings));
    this.#hooks('Spot', this.spot, props.settings);
  }

  #group(
    id: string,
    name: string,
    { settings, vpc, subnets, launchTemplate, terminationPolicy, terminationPermission }: FleetProps,
    instancesDistribution: CfnAutoScalingGroup.InstancesDistributionProperty,
  ): CfnAutoScalingGroup {
    const group = new CfnAutoScalingGroup(this, id, {
      autoScalingGroupName: name,
      minSize: '0',
      maxSize: String(settings.fleet.max),
      vpcZoneIdentifier: vpc.selectSubnets(subnets).subnetIds,
      mixedInstancesPolicy: {
        launchTemplate: {
          launchTemplateSpecification: {
            launchTemplateId: launchTemplate.launchTemplateId!,
            version: launchTemplate.versionNumber,
          },
          overrides: settings.fleet.instanceTypes.map(({ type }) => ({ instanceType: type })),
        },
        instancesDistribution: { onDemandBaseCapacity: 0, ...instancesDistribution },
      },
      newInstancesProtectedFromScaleIn: true,
      terminationPolicies: [terminationPolicy],
      capacityRebalance: false,
      // EC2's own status checks; the health of targets is ours.
      healthCheckType: 'EC2',
      healthCheckGracePeriod: launchHeartbeat(settings),
      metricsCollection: [{ granularity: '1Minute' }],
      tags: [{ key: SERVICE_TAG, value: settings.service, propagateAtLaunch: true }],
    });
    group.node.addDependency(terminationPermission);
    Validations.of(group).acknowledge(
      {
        id: 'AwsSolutions-AS3',
        reason:
          'Launches and ends are read as EventBridge events by instance-events; a notification would tell them twice.',
      },
      {
        id: 'AwsSolutions-EC26',
        reason:
          'The rule cannot read a mixed-instances policy; the volume of the launch template is encrypted.',
      },
    );
    return group;
  }

  #hooks(id: string, group: CfnAutoScalingGroup, settings: Settings): CfnLifecycleHook[] {
    return [
      new CfnLifecycleHook(this, `${id}Launch`, {
        autoScalingGroupName: group.ref,
        lifecycleHookName: LAUNCH_HOOK,
        lifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
        heartbeatTimeout: launchHeartbeat(settings),
        // It never said that it is ready: another one is launched for it.
        defaultResult: 'ABANDON',
      }),
      new CfnLifecycleHook(this, `${id}Terminate`, {
        autoScalingGroupName: group.ref,
        lifecycleHookName: TERMINATE_HOOK,
        lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        heartbeatTimeout: drainBound(settings),
        defaultResult: 'CONTINUE',
      }),
    ];
  }
}
