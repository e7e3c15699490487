import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { ILaunchTemplate, IMachineImage, IVpc, SubnetSelection, UserData } from 'aws-cdk-lib/aws-ec2';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { AppConfigInput } from '../agent/config.ts';
import type { Entrance } from './constructs/router.ts';

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
   * Whether network, load balancers, launch template, target groups and rules stay when the stack is destroyed, so that
   * what serves goes on serving without Foreshard; docs/leaving.md says how. Deploy once with it, then destroy.
   * @default false
   */
  readonly keepFleet?: boolean;
  /**
   * Whether the agent is installed on the instances, by their user data; with how it asks the application (docs/agent.md).
   * With a `launchTemplate` its image has to bring it.
   * @default where a shard's state is copied, or instances are divided into VM shards; hooks in /opt/foreshard/hooks
   */
  readonly agent?: boolean | AppConfigInput;
  /**
   * Whether there is an experiment of AWS Fault Injection Service that interrupts Spot instances of the service, for
   * `npx foreshard rehearse`: one of them, or a share of them (whole percent).
   * @default false: none
   */
  readonly rehearsal?: boolean | { readonly percent: number };
  /**
   * Environment of all functions besides their own, for AWS-compatible servers.
   * @default none
   */
  readonly endpoints?: Readonly<Record<string, string>>;
}
