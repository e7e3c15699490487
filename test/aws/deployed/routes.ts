import {
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it } from 'vitest';
import type { World } from '../world.ts';

/** The target group of a shard, as the load balancer has it. */
export async function targetGroupOf({ table, fleet }: World, shard: string) {
  const route = await table.get('route', shard);
  if (route === undefined) return undefined;
  const { TargetGroups } = await fleet.elb.send(
    new DescribeTargetGroupsCommand({ TargetGroupArns: [String(route.targetGroup)] }),
  );
  return TargetGroups?.[0];
}

/** Rules of the listener by the target group to which they forward. */
export async function rulesOf({ fleet, site }: World) {
  const { Rules = [] } = await fleet.elb.send(new DescribeRulesCommand({ ListenerArn: site.listener }));
  return new Map(Rules.map((rule) => [rule.Actions?.[0]?.TargetGroupArn, rule]));
}

/** Targets of a shard, `<instance>:<port>`, as the load balancer has them. */
export async function targetsOf(world: World, shard: string): Promise<string[]> {
  const group = await targetGroupOf(world, shard);
  if (group === undefined) return [];
  const { TargetHealthDescriptions = [] } = await world.fleet.elb.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: group.TargetGroupArn! }),
  );
  return TargetHealthDescriptions.map(({ Target }) => `${Target?.Id}:${Target?.Port}`).sort();
}

export function routes(world: () => World): void {
  it('has a target group and a rule for each shard, made by the deploy', async () => {
    const rules = await rulesOf(world());
    for (const shard of ['web', 'api', 'quiet', 'night']) {
      const group = await targetGroupOf(world(), shard);
      expect(group, shard).toMatchObject({
        Protocol: 'HTTP',
        Port: 8080,
        TargetType: 'instance',
        VpcId: world().site.vpc,
        HealthCheckPath: '/health',
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
        HealthyThresholdCount: 2,
        UnhealthyThresholdCount: 2,
      });
      const condition = rules.get(group!.TargetGroupArn)?.Conditions?.[0];
      expect(condition, shard).toMatchObject({ PathPatternConfig: { Values: [`/${shard}/*`] } });
    }
  });

  it('tags what it makes, and lets a target go as fast as the settings say', async () => {
    const { fleet } = world();
    const { TargetGroupArn } = (await targetGroupOf(world(), 'web'))!;
    const { TagDescriptions } = await fleet.elb.send(
      new DescribeTagsCommand({ ResourceArns: [TargetGroupArn!] }),
    );
    expect(TagDescriptions![0]!.Tags).toEqual(
      expect.arrayContaining([
        { Key: 'foreshard:service', Value: 'proof' },
        { Key: 'foreshard:shard', Value: 'web' },
      ]),
    );
    const { Attributes } = await fleet.elb.send(
      new DescribeTargetGroupAttributesCommand({ TargetGroupArn: TargetGroupArn! }),
    );
    expect(Attributes).toContainEqual({ Key: 'deregistration_delay.timeout_seconds', Value: '2' });
  });
}
