import { Tags } from 'aws-cdk-lib';
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  type IMachineImage,
  InstanceArchitecture,
  InstanceType,
  type ISecurityGroup,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MachineImage,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Settings } from '../../core/settings/schema.ts';
import { SERVICE_TAG } from '../names.ts';
import { sampleUserData } from '../sample.ts';
import type { Agent } from './agent.ts';

export interface LaunchProps {
  readonly settings: Settings;
  readonly role: IRole;
  readonly securityGroup: ISecurityGroup;
  /**
   * Image of the instances. It brings the service, and completes the launch hook when that is ready.
   * @default Amazon Linux 2023 of the deploy's day with the sample service
   */
  readonly machineImage?: IMachineImage;
  /**
   * What an instance runs at its first start.
   * @default with the default image the sample service, else nothing
   */
  readonly userData?: UserData;
  /**
   * Installed by the user data: before the sample service, after what a `userData` of one's own does.
   * @default none
   */
  readonly agent?: Agent;
  /**
   * Name of the image's root device.
   * @default /dev/xvda, which Amazon Linux has
   */
  readonly rootDevice?: string;
  /**
   * Size of the root volume (GiB).
   * @default 8
   */
  readonly rootGiB?: number;
}

/** How an instance is launched: IMDSv2 only, out of reach of containers, an encrypted volume, rights as in grants.ts. */
export class Launch extends Construct {
  readonly template: LaunchTemplate;

  constructor(scope: Construct, id: string, props: LaunchProps) {
    super(scope, id);
    const {
      settings,
      role,
      securityGroup,
      machineImage,
      agent,
      rootDevice = '/dev/xvda',
      rootGiB = 8,
    } = props;
    const userData = props.userData ?? (machineImage && !agent ? undefined : UserData.forLinux());
    if (agent && userData) agent.install(userData);
    // It says that the instance is ready: all else has to be there before.
    if (!machineImage && userData) sampleUserData(settings, userData);
    this.template = new LaunchTemplate(this, 'Template', {
      machineImage: machineImage ?? amazonLinux(settings),
      ...(userData && { userData }),
      role,
      securityGroup,
      requireImdsv2: true,
      httpTokens: LaunchTemplateHttpTokens.REQUIRED,
      httpPutResponseHopLimit: 1,
      // The instance learns its group from them. With this no tag's key may have a space or a slash: EC2 launches none then.
      instanceMetadataTags: true,
      detailedMonitoring: settings.metrics.hosts && settings.metrics.source === 'cloudwatch',
      blockDevices: [
        {
          deviceName: rootDevice,
          volume: BlockDeviceVolume.ebs(rootGiB, {
            encrypted: true,
            volumeType: EbsDeviceVolumeType.GP3,
            deleteOnTermination: true,
          }),
        },
      ],
    });
    Tags.of(this.template).add(SERVICE_TAG, settings.service);
  }
}

/** The newest one of the day of the deploy; not of the launch, so that all instances of a deploy are alike. */
function amazonLinux(settings: Settings): IMachineImage {
  const arm = architectureOf(settings) === InstanceArchitecture.ARM_64;
  return MachineImage.fromSsmParameter(
    `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${arm ? 'arm64' : 'x86_64'}`,
  );
}

const architecture = (type: string) => new InstanceType(type).architecture;
/** Of all instances: one image runs on one architecture. */
export const architectureOf = ({ fleet }: Settings) => architecture(fleet.instanceTypes[0]!.type);

/** One image runs on one architecture: what is wrong with the types for that. */
export function architectureProblems({ fleet }: Settings): string[] {
  const first = fleet.instanceTypes[0]!.type;
  return fleet.instanceTypes.flatMap(({ type }, i) =>
    architecture(type) === architecture(first)
      ? []
      : [
          `fleet.instanceTypes[${i}].type: expected ${architecture(first)} as ${first} has, got ${type} (${architecture(type)})`,
        ],
  );
}
