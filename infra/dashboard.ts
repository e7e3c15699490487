import { Aws, Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  CustomWidget,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Settings } from '../core/settings/schema.ts';
import { functionName } from '../lambdas/environment.ts';
import { METRIC_NAMESPACE, type MetricName } from '../lambdas/lib/metric-names.ts';
import { MACHINES } from '../statemachines/machines.ts';
import type { Arns } from './arns.ts';
import { FUNCTIONS, namesOf } from './names.ts';

export interface DashboardParts {
  readonly settings: Settings;
  readonly arns: Arns;
  readonly failed: IQueue;
}

const MINUTE = Duration.minutes(1);

/** Rows of the dashboard. The shards are drawn by a function from the table: a metric per shard would cost $0.30 each. */
export function widgets({ settings, arns, failed }: DashboardParts, alarms: readonly Alarm[]): IWidget[][] {
  const { service } = settings;
  const of = (metricName: MetricName, statistic = 'Average') =>
    new Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { service },
      statistic,
      period: MINUTE,
      label: metricName,
    });
  const lambda = (metricName: string, statistic: string, period = Duration.minutes(5)) =>
    FUNCTIONS.map(
      (name) =>
        new Metric({
          namespace: 'AWS/Lambda',
          metricName,
          dimensionsMap: { FunctionName: functionName(service, name) },
          statistic,
          period,
          label: name,
        }),
    );
  const states = (metricName: string) =>
    MACHINES.map(
      (flow) =>
        new Metric({
          namespace: 'AWS/States',
          metricName,
          dimensionsMap: { StateMachineArn: arns.machine(flow) },
          statistic: 'Sum',
          period: Duration.minutes(5),
          label: `${flow} ${metricName.replace('Executions', '').toLowerCase()}`,
        }),
    );
  return [
    [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 3 })],
    [
      new CustomWidget({
        title: 'Shards: load against forecast, and placements',
        functionArn: arns.function('shard-charts'),
        width: 24,
        height: 16,
        updateOnRefresh: true,
        updateOnResize: true,
        updateOnTimeRangeChange: true,
      }),
    ],
    [
      graph('Ready pool', [of('ReadyInstances'), of('PoolTarget')]),
      graph('Instances', [of('RunningInstances'), of('StartingInstances'), of('WarmInstances')]),
      graph('Cost of the instances, $ per hour', [cost(settings)]),
    ],
    [
      graph('Moves', [of('MovesStarted', 'Sum'), of('MoveFailures', 'Sum'), of('DriftCorrected', 'Sum')]),
      graph('Interruptions', [of('Interruptions', 'Sum')]),
      graph('At risk', [of('UnmetShare')], [of('GuaranteesAtRisk')]),
    ],
    [
      graph('Good ticks', [of('GoodTick', 'Sum')], [of('TickSeconds', 'Maximum')]),
      graph('Late shards', [of('LoadLateShards', 'Maximum'), of('ForecastLateShards', 'Maximum')]),
      graph('Executions', [...states('ExecutionsStarted'), ...states('ExecutionsFailed')]),
    ],
    [
      graph('Errors of functions', lambda('Errors', 'Sum')),
      graph('Duration of functions, p90 (ms)', lambda('Duration', 'p90')),
      graph('Failed events', [
        failed.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      ]),
    ],
  ];
}

const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
  new GraphWidget({ title, left, right, width: 8, height: 6, region: Aws.REGION });

/** From the groups' own metrics, which are free, and the prices of the settings. */
function cost({ service, costs }: Settings): IMetric {
  const { steadyGroup, spotGroup } = namesOf(service);
  const size = (metricName: string, group: string) =>
    new Metric({
      namespace: 'AWS/AutoScaling',
      metricName,
      dimensionsMap: { AutoScalingGroupName: group },
      statistic: 'Average',
      period: MINUTE,
    });
  const stopped = costs.instanceHour * costs.stoppedShare;
  return new MathExpression({
    label: '$ per hour, by the prices of the settings',
    expression: `FILL(steady, 0) * ${costs.instanceHour} + FILL(spot, 0) * ${costs.spotInstanceHour} + FILL(warm, 0) * ${stopped}`,
    usingMetrics: {
      steady: size('GroupTotalInstances', steadyGroup),
      spot: size('GroupTotalInstances', spotGroup),
      warm: size('WarmPoolTotalCapacity', steadyGroup),
    },
    period: MINUTE,
  });
}
