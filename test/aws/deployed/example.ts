import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { callersOf } from '../exercised.ts';
import { callsAt } from '../recorder.ts';
import type { World } from '../world.ts';

/** Calls that change something of AWS’s. Those to its own table, bucket, bus and log are Foreshard’s own business. */
const TOUCHES =
  /^(autoscaling:(?!Describe)|ec2:(?!Describe)|ssm:SendCommand|states:StartExecution|elasticloadbalancing:(Register|Deregister))/;

/** What a first `cdk deploy` makes: everything in shadow. `own` comes first in a run: this has had its minutes then. */
export function example(world: () => World): void {
  it('makes target groups and rules of its own load balancer, within the policy of its function', async () => {
    const { control, table } = world();
    for (const shard of ['checkout', 'catalog', 'reports']) {
      const route = await table.get('route', shard);
      const { TargetGroups } = await control.elb.send(
        new DescribeTargetGroupsCommand({ TargetGroupArns: [String(route?.targetGroup)] }),
      );
      expect(TargetGroups, shard).toHaveLength(1);
    }
  });

  it('plans in shadow by its schedule', async () => {
    await eventually('a good tick', () => world().table.get('state', 'tick'), 120);
    const plan = await world().table.get('plan', 'latest');
    expect(plan).toBeDefined();
  }, 130_000);

  it('touches nothing', async () => {
    const { where, control, service, table } = world();
    const callers = await callersOf(control, service);
    const calls = [...(await callsAt(where.ministack)), ...(await callsAt(where.moto))];
    const touched = calls.flatMap((call) => {
      const name = callers.nameOf(call);
      return name !== undefined && TOUCHES.test(callers.actionOf(call))
        ? [`${name}: ${callers.actionOf(call)}`]
        : [];
    });
    expect(touched).toEqual([]);
    const { steady, spot } = await world().groups();
    expect([steady.desired, spot.desired]).toEqual([0, 0]);
    for (const { sk, targetGroup } of await table.query('route')) {
      const { TargetHealthDescriptions } = await control.elb.send(
        new DescribeTargetHealthCommand({ TargetGroupArn: String(targetGroup) }),
      );
      expect(TargetHealthDescriptions, sk).toEqual([]);
    }
  });
}
