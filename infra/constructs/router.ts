import { Duration, Validations } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { type ISecurityGroup, type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  type IApplicationListener,
  type IApplicationLoadBalancer,
  ListenerAction,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { SHARDS_PER_BALANCER } from '../../core/routes/problems.ts';
import { FIRST_PORT } from '../../core/shards/slice.ts';

/** A load balancer and the listener on it that gets the rules of the shards. */
export interface Entrance {
  readonly loadBalancer: IApplicationLoadBalancer;
  readonly listener: IApplicationListener;
}

export interface RouterProps {
  readonly vpc: IVpc;
  /** How many shards have a target group of ours. */
  readonly shards: number;
  /** Slices per instance: that many ports are opened. */
  readonly slices: number;
  /** Security group of the instances. */
  readonly instances: ISecurityGroup;
  /**
   * Load balancers that are there already; each listener gets rules of ours among its own, and its security group
   * must be let out to the instances' ports.
   * @default as many as the shards need, 90 each: a load balancer takes 100 target groups
   */
  readonly entrances?: readonly Entrance[];
  /**
   * Certificate for HTTPS on port 443; HTTP is redirected to it.
   * @default HTTP on port 80
   */
  readonly certificate?: ICertificate;
  /**
   * Whether only the VPC reaches it.
   * @default false
   */
  readonly internal?: boolean;
  /**
   * Where the load balancers put their access logs.
   * @default none
   */
  readonly accessLogs?: IBucket;
  /**
   * Whether the load balancers are protected from deletion; `cdk destroy` stops at them then.
   * @default false
   */
  readonly deletionProtection?: boolean;
}

/** Load balancers that so many shards need; above one, with a tenth of room for shards to come. */
export function balancersFor(shards: number): number {
  return shards <= SHARDS_PER_BALANCER ? 1 : Math.ceil((1.1 * shards) / SHARDS_PER_BALANCER);
}

/** The load balancers and their listeners. Target groups and rules come from the settings: `route-sync` makes them. */
export class Router extends Construct {
  readonly entrances: readonly Entrance[];

  constructor(scope: Construct, id: string, props: RouterProps) {
    super(scope, id);
    this.entrances =
      props.entrances ??
      Array.from({ length: balancersFor(props.shards) }, (_, i) => this.#entrance(i, props));
    const ports = Port.tcpRange(FIRST_PORT, FIRST_PORT + props.slices - 1);
    for (const { loadBalancer } of this.entrances) {
      loadBalancer.connections.allowTo(props.instances, ports, 'slices');
    }
  }

  #entrance(i: number, props: RouterProps): Entrance {
    const { vpc, certificate, internal = false, accessLogs, deletionProtection = false } = props;
    const securityGroup = new SecurityGroup(this, `Door${i}`, {
      vpc,
      allowAllOutbound: false,
      description: 'Foreshard: load balancer',
    });
    const loadBalancer = new ApplicationLoadBalancer(this, `LoadBalancer${i}`, {
      vpc,
      internetFacing: !internal,
      securityGroup,
      deletionProtection,
      dropInvalidHeaderFields: true,
      idleTimeout: Duration.seconds(60),
    });
    const listener = loadBalancer.addListener('Listener', {
      port: certificate ? 443 : 80,
      protocol: certificate ? ApplicationProtocol.HTTPS : ApplicationProtocol.HTTP,
      ...(certificate && { certificates: [certificate] }),
      open: false,
      defaultAction: ListenerAction.fixedResponse(404, {
        contentType: 'text/plain',
        messageBody: 'no shard has this route',
      }),
    });
    if (certificate) loadBalancer.addRedirect({ open: false });
    const from = internal ? Peer.ipv4(vpc.vpcCidrBlock) : Peer.anyIpv4();
    for (const port of certificate ? [80, 443] : [80])
      securityGroup.addIngressRule(from, Port.tcp(port), 'requests');
    if (accessLogs) loadBalancer.logAccessLogs(accessLogs);
    else
      Validations.of(loadBalancer).acknowledge({
        id: 'AwsSolutions-ELB2',
        reason:
          'Access logs are a choice (prop accessLogs): they need a bucket whose policy names the region’s ELB account.',
      });
    Validations.of(securityGroup).acknowledge({
      id: 'AwsSolutions-EC23',
      reason: internal
        ? 'The rule cannot read an address range that is known at deploy only; it is the VPC’s own.'
        : 'It is the public entrance of the service; prop internal closes it.',
    });
    return { loadBalancer, listener };
  }
}
