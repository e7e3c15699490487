import { Duration } from 'aws-cdk-lib';
import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as Target } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { namesOf } from '../names.ts';

export interface RulesProps {
  readonly service: string;
  readonly instanceEvents: IFunction;
  readonly failed: IQueue;
}

/**
 * What EC2 and Auto Scaling say, as it reaches `instance-events`. Events of Auto Scaling name their group. Those of
 * EC2 do not: they come for every instance of the account, and the function drops at once what is not of the service.
 */
export function patterns(service: string): Readonly<Record<string, EventPattern>> {
  const { steadyGroup, spotGroup } = namesOf(service);
  return {
    Groups: {
      source: ['aws.autoscaling'],
      detailType: [
        'EC2 Instance-launch Lifecycle Action',
        'EC2 Instance-terminate Lifecycle Action',
        'EC2 Instance Launch Successful',
        'EC2 Instance Launch Unsuccessful',
        'EC2 Instance Terminate Successful',
      ],
      detail: { AutoScalingGroupName: [steadyGroup, spotGroup] },
    },
    Spot: {
      source: ['aws.ec2'],
      detailType: ['EC2 Spot Instance Interruption Warning', 'EC2 Instance Rebalance Recommendation'],
    },
    States: {
      source: ['aws.ec2'],
      detailType: ['EC2 Instance State-change Notification'],
      detail: { state: ['running', 'stopping', 'stopped', 'shutting-down', 'terminated'] },
    },
  };
}

export class Rules extends Construct {
  constructor(scope: Construct, id: string, { service, instanceEvents, failed }: RulesProps) {
    super(scope, id);
    for (const [name, eventPattern] of Object.entries(patterns(service)))
      new Rule(this, name, {
        description: `Foreshard ${service}: ${eventPattern.detailType?.join(', ')}`,
        eventPattern,
        targets: [
          new Target(instanceEvents, {
            deadLetterQueue: failed,
            retryAttempts: 3,
            maxEventAge: Duration.hours(1),
          }),
        ],
      });
  }
}
