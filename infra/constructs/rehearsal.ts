import { Aws, Stack } from 'aws-cdk-lib';
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnExperimentTemplate } from 'aws-cdk-lib/aws-fis';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Settings } from '../../core/settings/schema.ts';
import type { Arns } from '../arns.ts';
import { SERVICE_TAG } from '../names.ts';
import type { ShardedServiceProps } from '../props.ts';
import { roleOf } from '../roles.ts';

export interface RehearsalProps {
  readonly service: string;
  readonly arns: Arns;
  /** The alarms of the service. */
  readonly alarms: readonly IAlarm[];
  /**
   * Share of the Spot instances that is interrupted, in whole percent.
   * @default one instance
   */
  readonly percent?: number;
}

/** While one of these alarms is on, or goes on, no rehearsal begins or goes on. FIS takes five at most. */
const STOPPED_BY = ['guarantee-at-risk', 'tick-stale'];

/**
 * A Spot interruption on demand: an experiment template of AWS Fault Injection Service. Its instances get the rebalance
 * recommendation, the notice two minutes before, and are ended, as Spot itself would do it.
 */
export class Rehearsal extends Construct {
  readonly template: CfnExperimentTemplate;

  constructor(scope: Construct, id: string, { service, arns, alarms, percent }: RehearsalProps) {
    super(scope, id);
    // Experiments of this account alone, whoever else might name the role. What FIS needs to watch alarms and to find
    // instances it has by its service-linked role.
    const fis = new ServicePrincipal('fis.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    });
    const role = roleOf(this, 'Role', 'rehearsal', arns, fis);
    this.template = new CfnExperimentTemplate(this, 'Template', {
      description: `Foreshard ${service}: Spot interruption`,
      roleArn: role.roleArn,
      targets: {
        instances: {
          resourceType: 'aws:ec2:spot-instance',
          resourceTags: { [SERVICE_TAG]: service },
          filters: [{ path: 'State.Name', values: ['running'] }],
          selectionMode: percent === undefined ? 'COUNT(1)' : `PERCENT(${percent})`,
        },
      },
      actions: {
        interrupt: {
          actionId: 'aws:ec2:send-spot-instance-interruptions',
          // The recommendation comes at once, the notice two minutes before the end.
          parameters: { durationBeforeInterruption: 'PT4M' },
          targets: { SpotInstances: 'instances' },
        },
      },
      stopConditions: alarms
        .filter(({ node }) => STOPPED_BY.includes(node.id))
        .map(({ alarmArn }) => ({ source: 'aws:cloudwatch:alarm', value: alarmArn })),
      tags: { Name: `${Stack.of(this).stackName}-rehearsal`, [SERVICE_TAG]: service },
    });
  }
}

/** What is wrong with the prop. */
export function rehearsalProblems({ rehearsal }: ShardedServiceProps, { fleet }: Settings): string[] {
  if (!rehearsal) return [];
  const percent = typeof rehearsal === 'object' ? rehearsal.percent : 1;
  return [
    ...(Number.isInteger(percent) && percent >= 1 && percent <= 100
      ? []
      : [`rehearsal.percent: expected a whole number from 1 to 100, got ${percent}`]),
    ...(fleet.spotShare > 0
      ? []
      : [
          `rehearsal: expected only with Spot instances (fleet.spotShare above 0), got it with ${fleet.spotShare}`,
        ]),
  ];
}
