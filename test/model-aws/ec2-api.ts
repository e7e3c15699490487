import type { DescribeInstancesCommandInput, StartInstancesCommandInput } from '@aws-sdk/client-ec2';
import type { Seconds } from '../../core/time.ts';
import type { Ec2Instance, Ec2Model } from './ec2.ts';
import { awsError } from './errors.ts';

type Ids = Pick<StartInstancesCommandInput, 'InstanceIds'>;

/** Calls of EC2 by name. @param boot seconds until a started instance's agent is ready */
export function ec2Api(ec2: Ec2Model, boot: (id: string) => Seconds) {
  const each = ({ InstanceIds = [] }: Ids, work: (id: string) => void) => {
    // One unknown id spoils the call, before anything is done.
    for (const id of InstanceIds)
      if (ec2.get(id) === undefined)
        throw awsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
    for (const id of InstanceIds) work(id);
    return {};
  };
  return {
    StartInstances: (input: Ids) => each(input, (id) => ec2.start(id, boot(id))),
    StopInstances: (input: Ids) => each(input, (id) => ec2.stop(id)),
    TerminateInstances: (input: Ids) => each(input, (id) => ec2.terminate(id)),
    DescribeInstances: ({ InstanceIds, Filters }: DescribeInstancesCommandInput) => {
      const ids = InstanceIds ?? Filters?.find(({ Name }) => Name === 'instance-id')?.Values ?? [];
      for (const id of InstanceIds ?? [])
        if (ec2.get(id) === undefined)
          throw awsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
      const found = ids.flatMap((id) => ec2.get(id) ?? []);
      // Each reservation may hold one instance: code that reads the first one only sees one.
      return { Reservations: found.map((one) => ({ Instances: [describe(one)] })) };
    },
  };
}

const describe = ({ id, type, zone, spot, power }: Ec2Instance) => ({
  InstanceId: id,
  InstanceType: type,
  Placement: { AvailabilityZone: zone },
  State: { Name: power },
  ...(spot ? { InstanceLifecycle: 'spot' } : {}),
});
