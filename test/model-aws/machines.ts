import {
  DescribeInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { Machines } from '../../adapters/aws/fleet-machines.ts';
import type { ModelClient } from './model.ts';

/** The fleet's EC2 through SDK commands; ids are few and known. */
export function machinesOver({ send }: ModelClient): Machines {
  const ids = (instances: readonly string[]) => ({ InstanceIds: [...instances] });
  return {
    start: (instances) => send(new StartInstancesCommand(ids(instances))),
    stop: (instances) => send(new StopInstancesCommand(ids(instances))),
    terminate: (instances) => send(new TerminateInstancesCommand(ids(instances))),
    async states(instances) {
      const Filters = [{ Name: 'instance-id', Values: [...instances] }];
      const { Reservations } = await send(new DescribeInstancesCommand({ Filters }));
      const found: { InstanceId: string; State: { Name: string } }[] = Reservations.flatMap(
        ({ Instances }: { Instances: unknown[] }) => Instances,
      );
      return new Map(found.map(({ InstanceId, State }) => [InstanceId, State.Name]));
    },
  };
}
