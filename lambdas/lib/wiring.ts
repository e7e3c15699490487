import { SystemClock } from '../../adapters/aws/clock.ts';
import { DynamoTable } from '../../adapters/aws/dynamo-table.ts';
import { BusEvents } from '../../adapters/aws/events.ts';
import { handOverPorts } from '../../adapters/aws/hand-over/ports.ts';
import { SsmHosts } from '../../adapters/aws/hosts.ts';
import { AwsLoadBalancer } from '../../adapters/aws/load-balancer.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import type { Clock, Events, Hosts, LoadBalancer, Ports, ShardStore } from '../../core/ports.ts';
import type { Variables } from '../environment.ts';
import { dynamoClient, elbClient, eventBridgeClient, ssmClient } from './clients.ts';

/**
 * The ports on AWS, one small function each: a handler's bundle holds only those that it calls. Fleet is in
 * `fleet.ts`, the settings are in `settings.ts`.
 */

export const clock: Clock = new SystemClock();

export const tableOf = ({ TABLE }: Pick<Variables, 'TABLE'>) => new DynamoTable(dynamoClient(), TABLE);

export const storeOf = (env: Pick<Variables, 'TABLE'>): ShardStore => new DynamoStore(tableOf(env), clock);

export const handOversOf = (env: Pick<Variables, 'TABLE'>): Pick<Ports, 'slots' | 'agents' | 'handOvers'> =>
  handOverPorts(tableOf(env));

export const loadBalancerOf = (
  env: Pick<Variables, 'TABLE'>,
): LoadBalancer & Pick<AwsLoadBalancer, 'states'> =>
  new AwsLoadBalancer({ elb: elbClient(), table: tableOf(env), clock });

export const hostsOf = ({ HOOK_DOCUMENT }: Pick<Variables, 'HOOK_DOCUMENT'>): Hosts =>
  new SsmHosts({ ssm: ssmClient(), clock, document: HOOK_DOCUMENT });

export const eventsOf = ({ BUS, SERVICE }: Pick<Variables, 'BUS' | 'SERVICE'>): Events =>
  new BusEvents(eventBridgeClient(), BUS, SERVICE, clock);
