import { AwsFleet } from '../../adapters/aws/fleet.ts';
import { Ec2Machines } from '../../adapters/aws/fleet-ec2.ts';
import type { Machines } from '../../adapters/aws/fleet-machines.ts';
import type { Fleet } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Variables } from '../environment.ts';
import { autoScalingClient, ec2Client } from './clients.ts';
import { clock, tableOf } from './wiring.ts';

type Env = Pick<Variables, 'TABLE' | 'STEADY_GROUP' | 'SPOT_GROUP'>;

/** EC2 itself, for functions that start, stop or end machines. */
export const machinesOf = (): Machines => new Ec2Machines(ec2Client(), clock);

/** The fleet under the settings as they are now. Without `ec2` it can neither start, stop nor end a machine. */
export const fleetOf = (env: Env, settings: Settings, ec2?: Machines): AwsFleet =>
  new AwsFleet({
    autoScaling: autoScalingClient(),
    table: tableOf(env),
    groups: { steady: env.STEADY_GROUP, spot: env.SPOT_GROUP },
    settings,
    clock,
    ...(ec2 && { ec2 }),
  });

/** {@link fleetOf} for a step that needs the fleet seldom: settings are read when a method is called. */
export function lazyFleetOf(env: Env, settings: () => Promise<Settings>, ec2?: Machines): Fleet {
  const fleet = async () => fleetOf(env, await settings(), ec2);
  return {
    list: async () => (await fleet()).list(),
    apply: async (action, key) => (await fleet()).apply(action, key),
    retire: async (instance, why) => (await fleet()).retire(instance, why),
    announce: async (instance, announced) => (await fleet()).announce(instance, announced),
  };
}
