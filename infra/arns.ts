import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { PK } from '../adapters/aws/table.ts';
import { type FunctionName, functionName, machineName } from '../lambdas/environment.ts';
import { type MachineName, FUNCTIONS as STEPS } from '../statemachines/machines.ts';
import type { ResourceName } from './grants.ts';
import { ADOPTED_TAG, namesOf, SERVICE_TAG } from './names.ts';

/** What the ARNs of a service are made of. */
export interface Site {
  readonly service: string;
  readonly tableArn: string;
  readonly bucket: Bucket;
  readonly settingsAsset: Asset;
  /** What instances install the agent from; none where there is no agent. */
  readonly agentAssets: readonly Asset[];
  readonly busArn: string;
  readonly failedArn: string;
  readonly listeners: readonly { readonly listenerArn: string; readonly loadBalancerArn: string }[];
}

export interface Scope {
  readonly arns: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const AGENT_KEYS = [PK.slots, PK.agent, PK.handOver, PK.handOverTarget, PK.vm];

/**
 * ARNs by the fixed names of things, so that a policy does not wait for what it is about.
 */
export class Arns {
  readonly #stack: Stack;
  readonly #site: Site;

  constructor(scope: Construct, site: Site) {
    this.#stack = Stack.of(scope);
    this.#site = site;
  }

  function(name: FunctionName): string {
    return this.#arn(
      'lambda',
      'function',
      functionName(this.#site.service, name),
      ArnFormat.COLON_RESOURCE_NAME,
    );
  }

  machine(flow: MachineName): string {
    return this.#arn(
      'states',
      'stateMachine',
      machineName(this.#site.service, flow),
      ArnFormat.COLON_RESOURCE_NAME,
    );
  }

  /** What a grant's resource is in this stack; `role` is for what differs from one to the other. */
  of(resource: ResourceName, role: string): Scope {
    const { service, bucket } = this.#site;
    const names = namesOf(service);
    const tagged = (key: string, tag = SERVICE_TAG) => ({ StringEquals: { [`${key}/${tag}`]: service } });
    const madeBy = (action: string) => ({
      StringEquals: {
        'elasticloadbalancing:CreateAction': action,
        [`aws:RequestTag/${SERVICE_TAG}`]: service,
      },
    });
    const functions = (of: readonly FunctionName[]) => ({ arns: of.map((name) => this.function(name)) });
    switch (resource) {
      case 'any':
        return { arns: ['*'] };
      case 'table':
        return { arns: [this.#site.tableArn] };
      case 'bucket':
        return { arns: [bucket.bucketArn] };
      case 'settings':
        return { arns: [bucket.arnForObjects('settings.yaml')] };
      case 'forecasters':
        return { arns: [bucket.arnForObjects('forecasters/*')] };
      case 'trackers':
        return { arns: [bucket.arnForObjects('proposals/*')] };
      case 'settingsAsset':
        return {
          arns: [this.#site.settingsAsset.bucket.arnForObjects(this.#site.settingsAsset.s3ObjectKey)],
        };
      case 'agentItems':
        return {
          arns: [this.#site.tableArn],
          // One partition key per kind of item: the condition is on all that a request names.
          conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': AGENT_KEYS } },
        };
      case 'hops':
        return { arns: [bucket.arnForObjects('hand-overs/*')] };
      case 'agentAssets':
        return {
          arns: this.#site.agentAssets.map((asset) => asset.bucket.arnForObjects(asset.s3ObjectKey)),
        };
      case 'bus':
        return { arns: [this.#site.busArn] };
      case 'failed':
        return { arns: [this.#site.failedArn] };
      case 'groups':
        return { arns: [names.steadyGroup, names.spotGroup].map((name) => this.#group(name)) };
      case 'instances':
        return { arns: [this.#arn('ec2', 'instance', '*')], conditions: tagged('aws:ResourceTag') };
      case 'hookDocument':
        return { arns: [this.#arn('ssm', 'document', names.hookDocument)] };
      case 'reports':
        return { arns: [this.#logGroup(names.reportLogGroup)] };
      case 'ownLogs':
        return { arns: [this.#logGroup(`/aws/lambda/${functionName(service, role as FunctionName)}`)] };
      case 'ourTargetGroups':
        return { arns: this.#targetGroups(), conditions: tagged('aws:ResourceTag') };
      case 'newTargetGroups':
        return { arns: this.#targetGroups(), conditions: tagged('aws:RequestTag') };
      case 'adoptedTargetGroups':
        return { arns: this.#targetGroups(), conditions: tagged('aws:ResourceTag', ADOPTED_TAG) };
      case 'listeners':
        return { arns: this.#site.listeners.map(({ listenerArn }) => listenerArn) };
      case 'listenerRules':
        return { arns: this.#rules(), conditions: tagged('aws:ResourceTag') };
      // The tag decides what may be deleted: only what is made just now may be given it.
      case 'targetGroupTags':
        return { arns: this.#targetGroups(), conditions: madeBy('CreateTargetGroup') };
      case 'listenerRuleTags':
        return { arns: this.#rules(), conditions: madeBy('CreateRule') };
      case 'moveMachine':
        return { arns: [this.machine('move')] };
      case 'handOverMachine':
        return { arns: [this.machine('hand-over')] };
      case 'standbyMachine':
        return { arns: [this.machine('activate-standby')] };
      case 'forecastMachine':
        return { arns: [this.machine('forecast-fleet')] };
      case 'forecastExecutions':
        return {
          arns: [
            this.#arn(
              'states',
              'execution',
              `${machineName(service, 'forecast-fleet')}*`,
              ArnFormat.COLON_RESOURCE_NAME,
            ),
          ],
        };
      case 'planFunction':
        return functions(['plan']);
      case 'pollFunction':
        return functions(['poll-targets']);
      case 'routeSyncFunction':
        return functions(['route-sync']);
      case 'forecastFunction':
        return functions(['forecast']);
      case 'proposeFunction':
        return functions(['propose-shards']);
      case 'moveSteps':
        return functions(STEPS.move);
      case 'standbySteps':
        return functions(STEPS['activate-standby']);
      case 'handOverSteps':
        return functions(STEPS['hand-over']);
    }
  }

  #arn(service: string, resource: string, resourceName: string, arnFormat = ArnFormat.SLASH_RESOURCE_NAME) {
    return this.#stack.formatArn({ service, resource, resourceName, arnFormat });
  }

  #group(name: string) {
    return this.#arn(
      'autoscaling',
      'autoScalingGroup',
      `*:autoScalingGroupName/${name}`,
      ArnFormat.COLON_RESOURCE_NAME,
    );
  }

  #logGroup(name: string) {
    return this.#arn('logs', 'log-group', `${name}:*`, ArnFormat.COLON_RESOURCE_NAME);
  }

  #targetGroups() {
    return [this.#arn('elasticloadbalancing', 'targetgroup', '*/*')];
  }

  #rules() {
    return this.#site.listeners.map(({ loadBalancerArn }) => {
      const { resourceName } = this.#stack.splitArn(loadBalancerArn, ArnFormat.SLASH_RESOURCE_NAME);
      return this.#arn('elasticloadbalancing', 'listener-rule', `${resourceName}/*`);
    });
  }
}
