import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { SystemClock } from '../../adapters/aws/clock.ts';
import { DynamoTable } from '../../adapters/aws/dynamo-table.ts';
import { BusEvents } from '../../adapters/aws/events.ts';
import { Leases } from '../../adapters/aws/leases.ts';
import { Modes } from '../../adapters/aws/modes.ts';
import { SettingsStore } from '../../adapters/aws/settings-store.ts';
import { messageOf } from '../../core/failure.ts';
import type { EnvironmentOf } from '../environment.ts';
import { dynamoClient, elbClient, eventBridgeClient, s3Client } from '../lib/clients.ts';
import { lambda } from '../lib/handler.ts';
import { bodyOf, deliver, put, requestSchema } from './cloudformation.ts';
import { balancersOf } from './listeners.ts';
import type { SyncParts } from './wiring.ts';
import { answerRequest, run } from './work.ts';

/**
 * `route-sync`: target groups and listener rules from the settings. Started by CloudFormation at deploy and destroy,
 * and asynchronously by `plan` and the command line whenever settings or modes have changed.
 */
const schema = z.union([requestSchema, z.object({ RequestType: z.undefined().optional() })]);

const work = lambda('route-sync', schema, build, async (event, { env, parts, logger, remaining }) => {
  const deployment = { service: env.SERVICE, vpc: env.VPC_ID, balancers: balancersOf(env.LISTENERS) };
  if ('ResponseURL' in event) {
    const answer = await answerRequest(parts, deployment, remaining(), event, put);
    if (answer.status === 'FAILED') logger.error('route-sync failed', { reason: answer.reason });
    return { outcome: answer.status, reason: answer.reason };
  }
  const synced = await run(parts, deployment, remaining());
  for (const one of synced.failed) logger.error('route of a shard', { ...one });
  for (const one of synced.waiting) logger.info('route of a shard waits', { ...one });
  return synced;
});

/** Also what goes wrong before the work begins is answered: a stack must not wait an hour for a bad environment. */
export const handler = async (event: unknown, context: Context): Promise<unknown> => {
  try {
    return await work(event, context);
  } catch (error) {
    const request = requestSchema.safeParse(event);
    if (!request.success) throw error;
    const service = context.functionName.replace(/^foreshard-(.*)-route-sync$/, '$1');
    const body = bodyOf(request.data, service, { status: 'FAILED', reason: messageOf(error) });
    await deliver(put, new SystemClock(), request.data.ResponseURL, body);
    return { outcome: 'FAILED', reason: messageOf(error) };
  }
};

function build(env: EnvironmentOf<'route-sync'>): SyncParts {
  const clock = new SystemClock();
  const table = new DynamoTable(dynamoClient(), env.TABLE);
  return {
    elb: elbClient(),
    s3: s3Client(),
    table,
    leases: new Leases(table),
    settings: new SettingsStore(s3Client(), env.BUCKET),
    modes: new Modes(table),
    events: new BusEvents(eventBridgeClient(), env.BUS, env.SERVICE, clock),
    clock,
    run: randomUUID(),
  };
}
