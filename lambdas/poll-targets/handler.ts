import { SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { HealthItems } from '../../adapters/aws/health-items.ts';
import { Leases } from '../../adapters/aws/leases.ts';
import { PK } from '../../adapters/aws/table.ts';
import { type Polled, type PollerParts, pollTargets } from '../../adapters/aws/target-poller.ts';
import { nameOf } from '../../adapters/aws/throttling.ts';
import { type Answer, Waits } from '../../adapters/aws/waits.ts';
import { sfnClient } from '../lib/clients.ts';
import { lambda } from '../lib/handler.ts';
import { clock, loadBalancerOf, tableOf } from '../lib/wiring.ts';

/** Seconds that are left for the end when the poller stops by itself. */
const MARGIN = 30;

const GONE = ['InvalidToken', 'TaskDoesNotExist', 'TaskTimedOut'];

/** Answers a state machine. False: it does not wait any more. */
export async function answer(token: string, output: Answer): Promise<boolean> {
  try {
    await sfnClient().send(new SendTaskSuccessCommand({ taskToken: token, output: JSON.stringify(output) }));
    return true;
  } catch (error) {
    if (!GONE.includes(nameOf(error))) throw error;
    return false;
  }
}

/** Looks at target health for all: answers moves that wait, and keeps what each group looked like last. */
export const handler = lambda(
  'poll-targets',
  z.looseObject({}),
  (env): PollerParts => {
    const table = tableOf(env);
    const loadBalancer = loadBalancerOf(env);
    return {
      clock,
      leases: new Leases(table),
      waits: new Waits(table),
      health: new HealthItems(table),
      shards: async () => (await table.query(PK.route)).map(({ sk }) => sk),
      states: (shard) => loadBalancer.states(shard),
      answer,
    };
  },
  async (_, { parts, remaining, logger }): Promise<Polled> => {
    const holder = crypto.randomUUID();
    const polled = await pollTargets(parts, holder, parts.clock.now() + remaining() / 1000 - MARGIN);
    if (polled.failures.length > 0) logger.warn('looks failed', { failures: polled.failures });
    return polled;
  },
);
