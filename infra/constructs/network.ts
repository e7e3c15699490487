import { Aws, Fn, Token, Validations } from 'aws-cdk-lib';
import { GatewayVpcEndpointAwsService, type IVpc, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

export interface NetworkProps {
  /** Zones of the settings: names (`eu-west-1a`), or letters that follow the region's name. */
  readonly zones: readonly string[];
  /**
   * NAT gateways, $33 a month each and $0.045 per GB: instances reach SSM, CloudWatch Logs and Auto Scaling through
   * them. One per zone keeps moves going when a zone fails (traffic does not need them); 0 puts the instances into
   * public subnets, each with an address of $3.65 a month, behind a security group that lets in the load balancer alone.
   * @default 1
   */
  readonly natGateways?: number;
}

/** A VPC for a service that brings none: public subnets for the load balancers, private ones for the instances. */
export class Network extends Construct {
  readonly vpc: IVpc;

  constructor(scope: Construct, id: string, { zones, natGateways = 1 }: NetworkProps) {
    super(scope, id);
    const vpc = new Vpc(this, 'Vpc', {
      availabilityZones: zones.map(zoneName),
      natGateways: Math.min(natGateways, zones.length),
      subnetConfiguration: [
        {
          name: 'public',
          subnetType: SubnetType.PUBLIC,
          cidrMask: 22,
          mapPublicIpOnLaunch: natGateways === 0,
        },
        ...(natGateways > 0
          ? [{ name: 'instances', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 }]
          : []),
      ],
      // Packages of Amazon Linux come from S3: free this way.
      gatewayEndpoints: { s3: { service: GatewayVpcEndpointAwsService.S3 } },
      // It would take a custom resource with rights on every security group; nothing here uses that group.
      restrictDefaultSecurityGroup: false,
    });
    this.vpc = vpc as IVpc;
    Validations.of(vpc).acknowledge({
      id: 'AwsSolutions-VPC7',
      reason:
        'Flow logs cost by the traffic ($0.50 per GB); a VPC of your own, with its logs, is taken by the prop vpc.',
    });
  }
}

/** A letter means the zone of the stack's own region. */
function zoneName(zone: string): string {
  return /^[a-z]$/.test(zone) ? Fn.join('', [Aws.REGION, zone]) : zone;
}

/**
 * What is wrong with the zones for a region.
 * @returns problems, `fleet.zones[0]: expected a zone of eu-west-1, got us-east-1a`
 */
export function zoneProblems(zones: readonly string[], region: string): string[] {
  if (Token.isUnresolved(region)) return [];
  return zones.flatMap((zone, i) =>
    /^[a-z]$/.test(zone) || zone.startsWith(region)
      ? []
      : [`fleet.zones[${i}]: expected a letter or a zone of ${region}, got ${zone}`],
  );
}
