import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { functionName } from '../lambdas/environment.ts';
import { namesOf } from './names.ts';
import type { ShardedServiceProps } from './props.ts';
import { ShardedService } from './sharded-service.ts';

export interface ForeshardStackProps extends StackProps {
  readonly service: ShardedServiceProps | ((stack: Stack) => ShardedServiceProps);
}

/** One service as a stack, with the outputs by which `npx foreshard` finds it. */
export class ForeshardStack extends Stack {
  readonly service: ShardedService;

  constructor(scope: Construct, id: string, { service, ...props }: ForeshardStackProps) {
    super(scope, id, props);
    this.service = new ShardedService(
      this,
      'Service',
      typeof service === 'function' ? service(this) : service,
    );
    const { state, router, settings, api, rehearsal } = this.service;
    const names = namesOf(settings.service);
    const outputs: Readonly<Record<string, string>> = {
      TableName: state.table.tableName,
      BucketName: state.bucket.bucketName,
      BusName: names.bus,
      SteadyGroup: names.steadyGroup,
      SpotGroup: names.spotGroup,
      RouteSyncFunction: functionName(settings.service, 'route-sync'),
      PlanFunction: functionName(settings.service, 'plan'),
      LoadBalancerDns: router.entrances.map(({ loadBalancer }) => loadBalancer.loadBalancerDnsName).join(','),
      ApiUrl: api.url,
      ...(rehearsal && { RehearsalTemplate: rehearsal.template.attrId }),
      DashboardUrl: `https://${this.region}.console.aws.amazon.com/cloudwatch/home?region=${this.region}#dashboards/dashboard/${names.dashboard}`,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
