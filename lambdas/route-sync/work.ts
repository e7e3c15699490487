import { messageOf } from '../../core/failure.ts';
import type { Balancer } from '../../core/routes/seen.ts';
import { type Answer, bodyOf, deliver, type Put, propertiesSchema, type Request } from './cloudformation.ts';
import { bringSettings } from './deployed.ts';
import { removeAll } from './remove.ts';
import { type Synced, type SyncInput, sync } from './sync.ts';
import type { SyncParts } from './wiring.ts';

export interface Deployment {
  readonly service: string;
  readonly vpc: string;
  readonly balancers: readonly Balancer[];
}

/** Time kept for the last calls and the answer. */
const RESERVE = 30;
/** Seconds before the end of the invocation at which CloudFormation is answered whatever happens. */
const LAST = 8;

/** Started by `plan`, the command line or an operator: nobody waits. */
export async function run(parts: SyncParts, deployment: Deployment, remainingMs: number): Promise<Synced> {
  return sync(parts, inputOf(parts, deployment, remainingMs));
}

/**
 * A request of CloudFormation: done and answered. Never throws for what goes wrong inside, because Lambda would
 * invoke it again after the answer.
 * @throws when the answer cannot be delivered
 */
export async function answerRequest(
  parts: SyncParts,
  deployment: Deployment,
  remainingMs: number,
  request: Request,
  send: Put,
): Promise<Answer> {
  const { clock } = parts;
  const tooLate = async (): Promise<Answer> => {
    await clock.sleepUntil(clock.now() + Math.max(1, remainingMs / 1000 - LAST));
    return { status: 'FAILED', reason: 'route-sync was not done in time; a next run goes on from there' };
  };
  const answer = await Promise.race([
    handle(parts, deployment, remainingMs, request).catch(
      (error: unknown): Answer => ({ status: 'FAILED', reason: messageOf(error) }),
    ),
    tooLate(),
  ]);
  await deliver(send, clock, request.ResponseURL, bodyOf(request, deployment.service, answer));
  return answer;
}

async function handle(
  parts: SyncParts,
  deployment: Deployment,
  remainingMs: number,
  request: Request,
): Promise<Answer> {
  const input = inputOf(parts, deployment, remainingMs);
  if (request.RequestType === 'Delete') {
    const { removed } = await removeAll(parts, input);
    return { status: 'SUCCESS', reason: `removed ${removed} target groups` };
  }
  const properties = propertiesSchema.safeParse(request.ResourceProperties);
  if (!properties.success)
    return { status: 'FAILED', reason: 'ResourceProperties: expected bucket and key of the settings file' };
  const settings = await bringSettings(parts, deployment.service, properties.data);
  const { synced, waited } = await whenFree(parts, input);
  const { outcome, failed, waiting, left, created, changed, removed } = synced;
  if (failed.length > 0) {
    const each = failed.map(({ shard, error }) => `${shard}: ${error}`).join('; ');
    return { status: 'FAILED', reason: `${failed.length} shards: ${each}` };
  }
  const counts = { created, changed, removed, waiting };
  // What is left or waits is no failure: `plan` starts the function again until nothing is.
  return {
    status: 'SUCCESS',
    reason: outcome === 'busy' ? `another run is at it (waited ${waited} s)` : `settings ${settings}`,
    data: {
      settings,
      left: String(left),
      ...Object.fromEntries(Object.entries(counts).map(([name, list]) => [name, String(list.length)])),
    },
  };
}

/** A run that `plan` started may be under way with the settings before these. */
async function whenFree(
  parts: SyncParts,
  input: SyncInput,
): Promise<{ readonly synced: Synced; readonly waited: number }> {
  const { clock } = parts;
  const began = clock.now();
  for (;;) {
    const synced = await sync(parts, input);
    const waited = Math.round(clock.now() - began);
    if (synced.outcome !== 'busy' || clock.now() + 5 >= input.stopAt) return { synced, waited };
    await clock.sleepUntil(clock.now() + 5);
  }
}

function inputOf({ clock }: SyncParts, deployment: Deployment, remainingMs: number): SyncInput {
  return { ...deployment, stopAt: clock.now() + Math.max(0, remainingMs / 1000 - RESERVE) };
}
