import { readFileSync } from 'node:fs';
import { Aws, CustomResource, Tags } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  type ILaunchTemplate,
  type IMachineImage,
  type ISecurityGroup,
  type IVpc,
  SecurityGroup,
  type SubnetSelection,
  SubnetType,
  type UserData,
} from 'aws-cdk-lib/aws-ec2';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { ownShards } from '../core/routes/problems.ts';
import { parseSettings } from '../core/settings/parse.ts';
import type { Settings } from '../core/settings/schema.ts';
import { functionName, type Variables } from '../lambdas/environment.ts';
import { Arns } from './arns.ts';
import { Channels, Control } from './constructs/control.ts';
import { Fleet } from './constructs/fleet.ts';
import { Launch } from './constructs/launch.ts';
import { Network } from './constructs/network.ts';
import { Observability } from './constructs/observability.ts';
import { type Entrance, Router } from './constructs/router.ts';
import { Rules } from './constructs/rules.ts';
import { Schedules } from './constructs/schedules.ts';
import { State } from './constructs/state.ts';
import { Workflows } from './constructs/workflows.ts';
import { namesOf, SERVICE_TAG } from './names.ts';
import { roleOf } from './roles.ts';
import { checkSynth } from './validate.ts';

export interface ShardedServiceProps {
  /** The settings file (YAML). It is checked at synth and uploaded by the deploy whenever it has changed. */
  readonly settings: string;
  /**
   * Where the instances and load balancers are.
   * @default a VPC of its own over the zones of the settings
   */
  readonly vpc?: IVpc;
  /**
   * Subnets of the instances.
   * @default private ones; public ones of the own VPC when it has no NAT gateway
   */
  readonly subnets?: SubnetSelection;
  /**
   * NAT gateways of the own VPC; see {@link Network}.
   * @default 1
   */
  readonly natGateways?: number;
  /**
   * Load balancers that are there already.
   * @default own ones, as many as the shards need
   */
  readonly entrances?: readonly Entrance[];
  /**
   * Certificate of the own load balancers, for HTTPS.
   * @default HTTP
   */
  readonly certificate?: ICertificate;
  /**
   * Whether the own load balancers are reached from the VPC alone.
   * @default false
   */
  readonly internal?: boolean;
  /**
   * Where the own load balancers put their access logs.
   * @default none
   */
  readonly accessLogs?: IBucket;
  /**
   * Whether the own load balancers are protected from deletion.
   * @default false
   */
  readonly deletionProtection?: boolean;
  /**
   * Image of the instances.
   * @default Amazon Linux 2023 with the sample service
   */
  readonly machineImage?: IMachineImage;
  /**
   * What an instance runs at its first start, where `machineImage` is given.
   * @default nothing
   */
  readonly userData?: UserData;
  /**
   * How instances are launched, in place of an own launch template: its role must have what docs/iam.md lists for
   * `instance`, its security group must let the load balancers in.
   * @default an own one
   */
  readonly launchTemplate?: ILaunchTemplate;
  /**
   * How long logs are kept.
   * @default a month
   */
  readonly logRetention?: RetentionDays;
  /**
   * Who is told of alarms.
   * @default an encrypted topic of its own, without subscribers
   */
  readonly alarmTopic?: ITopic;
  /**
   * What stands before a runbook's file name in an alarm's description.
   * @default docs/runbooks/
   */
  readonly runbooks?: string;
  /**
   * Environment of all functions besides their own, for AWS-compatible servers.
   * @default none
   */
  readonly endpoints?: Readonly<Record<string, string>>;
}

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

  /** @throws {RangeError | SettingsError} that names field, bound and value of all that is wrong with the settings. */
  constructor(scope: Construct, id: string, props: ShardedServiceProps) {
    super(scope, id);
    const { logRetention: retention = RetentionDays.ONE_MONTH, endpoints = {} } = props;
    this.settings = parseSettings(readFileSync(props.settings, 'utf8'), props.settings);
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
      slices: this.settings.fleet.slicesPerInstance,
      instances,
      ...given(props, 'entrances', 'certificate', 'internal', 'accessLogs', 'deletionProtection'),
    });
    this.state = new State(this, 'State');
    this.channels = new Channels(this, 'Channels', { service, retention });
    const settingsAsset = new Asset(this, 'Settings', { path: props.settings });
    const arns = new Arns(this, {
      service,
      tableArn: this.state.table.tableArn,
      bucket: this.state.bucket,
      settingsAsset,
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
    new Schedules(this, 'Schedules', {
      settings: this.settings,
      arns,
      failedArn: this.channels.failed.queueArn,
    }).node.addDependency(this.control);
    const instanceEvents = this.control.function('instance-events');
    if (instanceEvents) new Rules(this, 'Rules', { service, instanceEvents, failed: this.channels.failed });
    this.observability = new Observability(this, 'Observability', {
      settings: this.settings,
      arns,
      failed: this.channels.failed,
      ...(props.alarmTopic && { topic: props.alarmTopic }),
      ...given(props, 'runbooks'),
    });
    this.#routes(settingsAsset);
  }

  #fleet(props: ShardedServiceProps, arns: Arns, instances: ISecurityGroup): Fleet {
    const role = roleOf(this, 'InstanceRole', 'instance', arns, 'ec2.amazonaws.com');
    const launchTemplate =
      props.launchTemplate ??
      new Launch(this, 'Launch', {
        settings: this.settings,
        role: role.withoutPolicyUpdates(),
        securityGroup: instances,
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
  #routes(settings: Asset): void {
    new CustomResource(this, 'Routes', {
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
