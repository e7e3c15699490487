import { Aws } from 'aws-cdk-lib';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { Settings } from '../../core/settings/schema.ts';
import type { Arns } from '../arns.ts';
import { namesOf } from '../names.ts';
import { roleOf } from '../roles.ts';

export interface SchedulesProps {
  readonly settings: Settings;
  readonly arns: Arns;
  /** ARN of the queue of failed events. */
  readonly failedArn: string;
}

/** So many shards are forecast by one function in time; more by `forecast-fleet`. */
export const FORECAST_ALONE = 200;

/** What happens by the clock. */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, { settings, arns, failedArn }: SchedulesProps) {
    super(scope, id);
    const roleArn = roleOf(this, 'Role', 'schedules', arns, 'scheduler.amazonaws.com').roleArn;
    const many = settings.shards.length > FORECAST_ALONE;
    const schedule = (name: string, minutes: number, arn: string, input: unknown, retry: number) =>
      new CfnSchedule(this, name, {
        name: `foreshard-${settings.service}-${name}`,
        scheduleExpression: `rate(${minutes} minute${minutes === 1 ? '' : 's'})`,
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn,
          roleArn,
          input: JSON.stringify(input),
          retryPolicy: { maximumRetryAttempts: retry, maximumEventAgeInSeconds: 60 },
          deadLetterConfig: { arn: failedArn },
        },
      });
    schedule('plan', 1, arns.function('plan'), {}, 0);
    const forecast = many ? arns.machine('forecast-fleet') : arns.function('forecast');
    schedule('forecast', Math.ceil(settings.forecast.every / 60), forecast, {}, 0);
    schedule('propose-shards', 5, arns.function('propose-shards'), {}, 0);
    // CloudFormation cannot suspend a process of a group. Said again and again, it also stays said: a group that
    // rebalances its zones would end instances that serve. A group is empty until the first plan, so that the first
    // run is in time.
    const { steadyGroup, spotGroup } = namesOf(settings.service);
    for (const [id, group] of Object.entries({ 'suspend-steady': steadyGroup, 'suspend-spot': spotGroup })) {
      const call = `arn:${Aws.PARTITION}:scheduler:::aws-sdk:autoscaling:suspendProcesses`;
      schedule(id, 15, call, { AutoScalingGroupName: group, ScalingProcesses: ['AZRebalance'] }, 3);
    }
  }
}
