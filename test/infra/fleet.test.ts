import { describe, expect, it } from 'vitest';
import { MINIMAL, settingsFile, synthesise } from './synth.ts';

const template = synthesise();
const groups = Object.values(template.of('AWS::AutoScaling::AutoScalingGroup'));
const named = (end: string) =>
  groups.find(({ Properties }) => Properties.AutoScalingGroupName.endsWith(end))!;

describe('the groups', () => {
  it('are two, of which nobody but the plan says the size', () => {
    expect(groups).toHaveLength(2);
    for (const { Properties, ...rest } of groups) {
      expect(Properties).not.toHaveProperty('DesiredCapacity');
      expect(Properties).toMatchObject({ MinSize: '0', MaxSize: '12', CapacityRebalance: false });
      expect(rest).not.toHaveProperty('UpdatePolicy');
      expect(rest).not.toHaveProperty('CreationPolicy');
    }
    expect(template.of('AWS::AutoScaling::ScalingPolicy')).toEqual({});
    expect(template.of('AWS::AutoScaling::ScheduledAction')).toEqual({});
  });

  it('end only what was released', () => {
    for (const group of groups) {
      expect(group.Properties.NewInstancesProtectedFromScaleIn).toBe(true);
      expect(group.Properties.TerminationPolicies).toHaveLength(1);
      expect(JSON.stringify(group.Properties.TerminationPolicies)).toContain(
        'function:foreshard-demo-termination-policy',
      );
      const waits = [group.DependsOn].flat();
      const permission = Object.keys(template.of('AWS::Lambda::Permission')).find((id) => waits.includes(id));
      expect(permission).toBeDefined();
      expect(JSON.stringify(template.resources[permission!]!.Properties.Principal)).toContain(
        'role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling',
      );
    }
  });

  it('are one all On-Demand, one all Spot', () => {
    expect(named('-steady').Properties.MixedInstancesPolicy.InstancesDistribution).toEqual({
      OnDemandBaseCapacity: 0,
      OnDemandPercentageAboveBaseCapacity: 100,
      OnDemandAllocationStrategy: 'prioritized',
    });
    expect(named('-spot').Properties.MixedInstancesPolicy.InstancesDistribution).toEqual({
      OnDemandBaseCapacity: 0,
      OnDemandPercentageAboveBaseCapacity: 0,
      SpotAllocationStrategy: 'price-capacity-optimized',
    });
  });

  it('have the types of the settings, without weights: capacity is counted in instances', () => {
    for (const { Properties } of groups)
      expect(Properties.MixedInstancesPolicy.LaunchTemplate.Overrides).toEqual([
        { InstanceType: 'm7g.large' },
        { InstanceType: 'm6g.large' },
        { InstanceType: 'm8g.large' },
      ]);
  });

  it('tag their instances: policies are on that tag', () => {
    for (const { Properties } of groups)
      expect(Properties.Tags).toContainEqual({
        Key: 'foreshard:service',
        Value: 'demo',
        PropagateAtLaunch: true,
      });
  });

  it('have AZRebalance suspended, again and again', () => {
    const suspended = Object.values(template.of('AWS::Scheduler::Schedule')).filter(({ Properties }) =>
      JSON.stringify(Properties.Target.Arn).includes(':aws-sdk:autoscaling:suspendProcesses'),
    );
    expect(suspended.map(({ Properties }) => JSON.parse(Properties.Target.Input))).toEqual([
      { AutoScalingGroupName: 'foreshard-demo-steady', ScalingProcesses: ['AZRebalance'] },
      { AutoScalingGroupName: 'foreshard-demo-spot', ScalingProcesses: ['AZRebalance'] },
    ]);
  });
});

describe('the warm pool', () => {
  const pool = template.one('AWS::AutoScaling::WarmPool');

  it('is the steady group’s, stopped, reused on scale-in, and empty until the plan fills it', () => {
    expect(pool.Properties).toMatchObject({
      PoolState: 'Stopped',
      InstanceReusePolicy: { ReuseOnScaleIn: true },
      MinSize: 0,
      MaxGroupPreparedCapacity: 0,
    });
    const steady = template.resources[pool.Properties.AutoScalingGroupName.Ref];
    expect(steady!.Properties.AutoScalingGroupName).toBe('foreshard-demo-steady');
  });

  it('waits for the hooks', () => {
    const hooks = [pool.DependsOn].flat().map((id) => template.resources[String(id)]!.Type);
    expect(hooks).toEqual(['AWS::AutoScaling::LifecycleHook', 'AWS::AutoScaling::LifecycleHook']);
  });
});

describe('the hooks', () => {
  it('give up a launch after twice the usual time, and let an end go after twice the drain', () => {
    const hooks = Object.values(template.of('AWS::AutoScaling::LifecycleHook')).map(({ Properties }) => ({
      name: Properties.LifecycleHookName,
      result: Properties.DefaultResult,
      seconds: Properties.HeartbeatTimeout,
    }));
    // fleet.yaml: cold 120 s, drain 30 s.
    expect(hooks).toEqual([
      { name: 'foreshard-launch', result: 'ABANDON', seconds: 300 },
      { name: 'foreshard-terminate', result: 'CONTINUE', seconds: 120 },
      { name: 'foreshard-launch', result: 'ABANDON', seconds: 300 },
      { name: 'foreshard-terminate', result: 'CONTINUE', seconds: 120 },
    ]);
  });

  it('stay within what Auto Scaling takes', () => {
    const slow = settingsFile(
      `${MINIMAL.replace('zones: [a, b]', 'zones: [a, b], leadTimes: { cold: { seconds: 3600 }, drain: { seconds: 0.5 } }')}`,
    );
    const { of } = synthesise({ settings: slow });
    const seconds = Object.values(of('AWS::AutoScaling::LifecycleHook')).map(
      (h) => h.Properties.HeartbeatTimeout,
    );
    expect(seconds).toEqual([7200, 61, 7200, 61]);
  });
});

describe('the launch template', () => {
  const { LaunchTemplateData: data } = template.one('AWS::EC2::LaunchTemplate').Properties;

  it('takes IMDSv2 only, out of reach of containers, and shows the tags', () => {
    expect(data.MetadataOptions).toMatchObject({
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 1,
      InstanceMetadataTags: 'enabled',
    });
  });

  it('encrypts its volume', () => {
    expect(data.BlockDeviceMappings).toEqual([
      {
        DeviceName: '/dev/xvda',
        Ebs: { Encrypted: true, VolumeSize: 8, VolumeType: 'gp3', DeleteOnTermination: true },
      },
    ]);
  });

  it('is Amazon Linux 2023 of the types’ architecture', () => {
    const parameters = JSON.stringify(data.ImageId);
    expect(parameters).toContain('al2023amikerneldefaultarm64');
    const intel = synthesise({ settings: settingsFile(MINIMAL) });
    expect(
      JSON.stringify(intel.one('AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData.ImageId),
    ).toContain('al2023amikerneldefaultx8664');
  });

  it('is of the image that is given, without the sample service', () => {
    const own = synthesise({ ami: 'ami-0123456789abcdef0', region: 'eu-west-1' });
    const { ImageId, UserData } = own.one('AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData;
    expect(ImageId).toBe('ami-0123456789abcdef0');
    expect(JSON.stringify(UserData ?? '')).not.toContain('foreshard');
  });
});
