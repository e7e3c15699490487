import { Aws, CustomResource, RemovalPolicies, Tags } from 'aws-cdk-lib';
import {
  InstanceArchitecture,
  type ISecurityGroup,
  type IVpc,
  SecurityGroup,
  type SubnetSelection,
  SubnetType,
} from 'aws-cdk-lib/aws-ec2';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { ownShards } from '../core/routes/problems.ts';
import type { Settings } from '../core/settings/schema.ts';
import { functionName, type Variables } from '../lambdas/environment.ts';
import { Arns } from './arns.ts';
import { Agent, needsAgent } from './constructs/agent.ts';
import { Api } from './constructs/api.ts';
import { Channels, Control } from './constructs/control.ts';
import { Fleet } from './constructs/fleet.ts';
import { architectureOf, Launch } from './constructs/launch.ts';
import { Network } from './constructs/network.ts';
import { Observability } from './constructs/observability.ts';
import { Rehearsal } from './constructs/rehearsal.ts';
import { Router } from './constructs/router.ts';
import { Rules } from './constructs/rules.ts';
import { Schedules } from './constructs/schedules.ts';
import { State } from './constructs/state.ts';
import { Workflows } from './constructs/workflows.ts';
import { namesOf, SERVICE_TAG } from './names.ts';
import type { ShardedServiceProps } from './props.ts';
import { roleOf } from './roles.ts';
import { readSettingsFile } from './settings-file.ts';
import { checkSynth } from './validate.ts';

/** What traffic goes through, and what an instance is launched with: it stays with the prop `keepFleet`. */
const OUTLIVE = ['Network', 'Router', 'Instances', 'InstanceRole', 'Launch', 'Routes'];

/**
 * One sharded service on EC2: its fleet, load balancers, state, functions, workflows and what one sees of them. Region
 * and account are the stack's; a second service, or the same in a second region, is a second instance of this.
 */
export class ShardedService extends Construct {
  readonly settings: Settings;
  readonly vpc: IVpc;
  readonly router: Router;
  readonly state: State;
  readonly channels: Channels;
  readonly control: Control;
  readonly workflows: Workflows;
  readonly fleet: Fleet;
  readonly observability: Observability;
  readonly api: Api;
  /** Where the prop or the settings ask for it. */
  readonly agent: Agent | undefined;
  /** Only with the prop `rehearsal`. */
  readonly rehearsal: Rehearsal | undefined;

  /** @throws {RangeError | SettingsError} that names field, bound and value of all that is wrong with the settings. */
  constructor(scope: Construct, id: string, props: ShardedServiceProps) {
    super(scope, id);
    const { logRetention: retention = RetentionDays.ONE_MONTH, endpoints = {} } = props;
    const { settings, path } = readSettingsFile(props.settings);
    this.settings = settings;
    const { service } = this.settings;
    checkSynth(this, this.settings, props);
    Tags.of(this).add(SERVICE_TAG, service);

    this.vpc =
      props.vpc ??
      new Network(this, 'Network', { zones: this.settings.fleet.zones, ...given(props, 'natGateways') }).vpc;
    const instances = new SecurityGroup(this, 'Instances', {
      vpc: this.vpc,
      description: `Foreshard ${service}: instances`,
    });
    this.router = new Router(this, 'Router', {
      vpc: this.vpc,
      shards: ownShards(this.settings).length,
      slices: Math.max(this.settings.fleet.slicesPerInstance, this.settings.vm.maxPerInstance),
      instances,
      ...given(props, 'entrances', 'certificate', 'internal', 'accessLogs', 'deletionProtection'),
    });
    this.state = new State(this, 'State');
    this.channels = new Channels(this, 'Channels', { service, retention });
    const settingsAsset = new Asset(this, 'Settings', { path });
    this.agent = this.#agent(props);
    if (this.agent) Agent.connect(instances, this.settings);
    const arns = new Arns(this, {
      service,
      tableArn: this.state.table.tableArn,
      bucket: this.state.bucket,
      settingsAsset,
      agentAssets: this.agent ? [this.agent.files, this.agent.runtime] : [],
      busArn: this.channels.bus.eventBusArn,
      failedArn: this.channels.failed.queueArn,
      listeners: this.router.entrances.map(({ listener, loadBalancer }) => ({
        listenerArn: listener.listenerArn,
        loadBalancerArn: loadBalancer.loadBalancerArn,
      })),
    });
    this.control = new Control(this, 'Control', {
      service,
      arns,
      channels: this.channels,
      retention,
      variables: this.#variables(arns),
      endpoints,
    });
    this.workflows = new Workflows(this, 'Workflows', { service, arns, retention });
    this.fleet = this.#fleet(props, arns, instances);
    const routes = this.#routes(settingsAsset);
    const { failed } = this.channels;
    // The first tick finds all that it needs; at destroy no tick runs any more when the routes go.
    new Schedules(this, 'Schedules', {
      settings: this.settings,
      arns,
      failedArn: failed.queueArn,
    }).node.addDependency(this.control, this.workflows, this.fleet, routes);
    new Rules(this, 'Rules', { service, instanceEvents: this.control.function('instance-events'), failed });
    this.observability = new Observability(this, 'Observability', {
      settings: this.settings,
      arns,
      failed,
      ...(props.alarmTopic && { topic: props.alarmTopic }),
      ...given(props, 'runbooks'),
    });
    this.api = new Api(this, 'Api', { service, function: this.control.function('api'), retention });
    this.rehearsal = props.rehearsal
      ? new Rehearsal(this, 'Rehearsal', {
          service,
          arns,
          alarms: this.observability.alarms,
          ...(typeof props.rehearsal === 'object' && props.rehearsal),
        })
      : undefined;
    if (props.keepFleet)
      for (const kept of this.node.children.filter(({ node }) => OUTLIVE.includes(node.id)))
        RemovalPolicies.of(kept).retain();
  }

  #agent({ agent = needsAgent(this.settings) }: ShardedServiceProps): Agent | undefined {
    if (agent === false) return undefined;
    return new Agent(this, 'Agent', {
      settings: this.settings,
      tableName: this.state.table.tableName,
      bucketName: this.state.bucket.bucketName,
      architecture: architectureOf(this.settings) === InstanceArchitecture.ARM_64 ? 'arm64' : 'x64',
      config: agent === true ? {} : agent,
    });
  }

  #fleet(props: ShardedServiceProps, arns: Arns, instances: ISecurityGroup): Fleet {
    const role = roleOf(
      this,
      'InstanceRole',
      'instance',
      arns,
      'ec2.amazonaws.com',
      this.agent ? ['agent'] : [],
    );
    const launchTemplate =
      props.launchTemplate ??
      new Launch(this, 'Launch', {
        settings: this.settings,
        role: role.withoutPolicyUpdates(),
        securityGroup: instances,
        ...(this.agent && { agent: this.agent }),
        ...given(props, 'machineImage', 'userData'),
      }).template;
    const terminationPolicy = arns.function('termination-policy');
    // Auto Scaling calls it as its service-linked role, which an account has once it ever had a group (docs/deploy.md).
    const terminationPermission = new CfnPermission(this, 'TerminationPermission', {
      action: 'lambda:InvokeFunction',
      functionName: this.control.function('termination-policy').functionName,
      principal: `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
    });
    return new Fleet(this, 'Fleet', {
      settings: this.settings,
      vpc: this.vpc,
      subnets: this.#subnets(props),
      launchTemplate,
      terminationPolicy,
      terminationPermission,
    });
  }

  #subnets({ subnets, vpc, natGateways }: ShardedServiceProps): SubnetSelection {
    if (subnets) return subnets;
    return { subnetType: !vpc && natGateways === 0 ? SubnetType.PUBLIC : SubnetType.PRIVATE_WITH_EGRESS };
  }

  #variables(arns: Arns): Variables {
    const { service } = this.settings;
    const names = namesOf(service);
    return {
      SERVICE: service,
      TABLE: this.state.table.tableName,
      BUCKET: this.state.bucket.bucketName,
      BUS: names.bus,
      STEADY_GROUP: names.steadyGroup,
      SPOT_GROUP: names.spotGroup,
      MOVE_MACHINE: arns.machine('move'),
      HAND_OVER_MACHINE: arns.machine('hand-over'),
      STANDBY_MACHINE: arns.machine('activate-standby'),
      HOOK_DOCUMENT: names.hookDocument,
      REPORT_LOG_GROUP: names.reportLogGroup,
      VPC_ID: this.vpc.vpcId,
      LISTENERS: JSON.stringify(
        this.router.entrances.map(({ listener, loadBalancer }) => ({
          listener: listener.listenerArn,
          loadBalancer: loadBalancer.loadBalancerArn,
          dns: loadBalancer.loadBalancerDnsName,
        })),
      ),
      PLAN_FUNCTION: functionName(service, 'plan'),
      POLL_FUNCTION: functionName(service, 'poll-targets'),
      ROUTE_SYNC_FUNCTION: functionName(service, 'route-sync'),
    };
  }

  /** At deploy the settings are put in place and their target groups and rules made; at destroy these are removed. */
  #routes(settings: Asset): CustomResource {
    return new CustomResource(this, 'Routes', {
      serviceToken: this.control.function('route-sync').functionArn,
      resourceType: 'Custom::ForeshardRoutes',
      properties: { bucket: settings.s3BucketName, key: settings.s3ObjectKey },
    });
  }
}

/** Those of the props that are given: an absent one must not become `undefined`. */
function given<T, K extends keyof T>(props: T, ...keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(
    keys.filter((key) => props[key] !== undefined).map((key) => [key, props[key]]),
  ) as Pick<T, K>;
}
