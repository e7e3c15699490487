import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../../lambdas/lib/metric-names.ts';
import { ALARMS, type AlarmSpec, type Watched } from '../alarms.ts';
import { type DashboardParts, widgets } from '../dashboard.ts';
import { namesOf } from '../names.ts';

export interface ObservabilityProps extends DashboardParts {
  /**
   * Who is told of alarms.
   * @default an encrypted topic of its own, without subscribers
   */
  readonly topic?: ITopic;
  /**
   * What stands before a runbook's file name in an alarm's description.
   * @default docs/runbooks/
   */
  readonly runbooks?: string;
}

const OPERATORS: Readonly<Record<AlarmSpec['is'], ComparisonOperator>> = {
  '<': ComparisonOperator.LESS_THAN_THRESHOLD,
  '>': ComparisonOperator.GREATER_THAN_THRESHOLD,
  '>=': ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
};

/** One dashboard, the alarms of alarms.ts, and the topic that hears of them. */
export class Observability extends Construct {
  readonly topic: ITopic;
  readonly dashboard: Dashboard;
  readonly alarms: readonly Alarm[];

  constructor(
    scope: Construct,
    id: string,
    { topic, runbooks = 'docs/runbooks/', ...parts }: ObservabilityProps,
  ) {
    super(scope, id);
    const { service } = parts.settings;
    this.topic = topic ?? this.#topic(service);
    this.alarms = ALARMS.map((spec) => this.#alarm(spec, parts, runbooks));
    this.dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: namesOf(service).dashboard,
      defaultInterval: Duration.hours(6),
      widgets: widgets(parts, this.alarms),
    });
  }

  /** CloudWatch may not use the key that AWS keeps for SNS: a topic that alarms publish to needs one of its own. */
  #topic(service: string): ITopic {
    const key = new Key(this, 'Key', {
      description: `Foreshard ${service}: alarms`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
      }),
    );
    return new Topic(this, 'Alarms', {
      masterKey: key,
      enforceSSL: true,
      displayName: `Foreshard ${service}`,
    });
  }

  #alarm(spec: AlarmSpec, parts: DashboardParts, runbooks: string): Alarm {
    const { service } = parts.settings;
    const alarm = new Alarm(this, spec.id, {
      alarmName: `foreshard-${service}-${spec.id}`,
      alarmDescription: `${spec.about} Runbook: ${runbooks}${spec.id}.md`,
      metric: metricOf(spec.watched, spec.minutes, parts),
      comparisonOperator: OPERATORS[spec.is],
      threshold: spec.threshold,
      evaluationPeriods: spec.values,
      treatMissingData: spec.silence ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    return alarm;
  }
}

function metricOf(watched: Watched, minutes: number, parts: DashboardParts): IMetric {
  const period = Duration.minutes(minutes);
  if ('metric' in watched)
    return new Metric({
      namespace: METRIC_NAMESPACE,
      metricName: watched.metric,
      dimensionsMap: { service: parts.settings.service },
      statistic: watched.stat,
      period,
    });
  if ('queue' in watched)
    return parts.failed.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' });
  return new Metric({
    namespace: 'AWS/States',
    metricName: 'ExecutionsFailed',
    dimensionsMap: { StateMachineArn: parts.arns.machine(watched.failedExecutions) },
    statistic: 'Sum',
    period,
  });
}
