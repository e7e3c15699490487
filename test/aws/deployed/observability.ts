import { DescribeAlarmsCommand, GetDashboardCommand } from '@aws-sdk/client-cloudwatch';
import { expect, it } from 'vitest';
import { namesOf } from '../../../infra/names.ts';
import type { World } from '../world.ts';

export function observability(world: () => World): void {
  it('has alarms that each name a runbook', async () => {
    const { MetricAlarms = [] } = await world().control.cloudWatch.send(new DescribeAlarmsCommand({}));
    const ours = MetricAlarms.filter(({ AlarmName }) => AlarmName?.includes(world().service));
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.length).toBeLessThanOrEqual(12);
    for (const { AlarmName, AlarmDescription } of ours)
      expect(AlarmDescription, AlarmName).toMatch(/runbooks\/[\w-]+\.md/);
  });

  it('has a dashboard', async () => {
    const { DashboardBody } = await world().control.cloudWatch.send(
      new GetDashboardCommand({ DashboardName: namesOf(world().service).dashboard }),
    );
    expect(JSON.parse(DashboardBody!).widgets.length).toBeGreaterThan(3);
  });

  it('draws the shards', async () => {
    const now = Date.now();
    const drawn = await world().invoke('shard-charts', {
      widgetContext: { timeRange: { mode: 'relative', start: now - 3_600_000, end: now }, params: {} },
    });
    expect(String(drawn)).toContain('<svg');
    expect(String(drawn)).toContain('web');
  });

  it('writes fleet-level metrics as log lines', async () => {
    const lines = await world().log(Date.now() - 600_000);
    const metrics = lines.filter((line) => line.startsWith('plan: ') && line.includes('"_aws"'));
    expect(metrics.join('\n')).toContain('GoodTick');
  });
}
