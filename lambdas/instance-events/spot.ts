import { PK } from '../../adapters/aws/table.ts';
import type { Seconds } from '../../core/time.ts';
import { handOverName, onRebalance } from '../../flows/interruption.ts';
import { isOurs } from './known.ts';
import { type EventParts, IGNORED, type Outcome } from './parts.ts';
import type { EventOf } from './schemas.ts';

/** Seconds between the notice and the end, as EC2 documents it: best effort. */
const NOTICE: Seconds = 120;

/** Spot takes the instance: marked at once, handed over by the machine, replaced by the plan. */
export async function interrupted(
  { ports, table }: EventParts,
  { detail }: EventOf<'EC2 Spot Instance Interruption Warning'>,
  at: Seconds,
): Promise<Outcome> {
  const instance = detail['instance-id'];
  if (!(await isOurs(table, instance))) return IGNORED('not of this service');
  await ports.fleet.announce(instance, { kind: 'interruption', at, deadline: at + NOTICE });
  // The first notice's deadline stands: a second one with a later time is the same hand-over.
  const deadline = ((await table.get(PK.instance, instance))?.deadline as Seconds | undefined) ?? at + NOTICE;
  const input = { instance, at: deadline - NOTICE, deadline };
  await ports.workflows.start('hand-over', handOverName(input), input);
  return { outcome: 'hand-over', plan: true };
}

/** AWS recommends to move off the instance: the plan replaces it before the notice comes. */
export async function rebalance(
  { ports, table }: EventParts,
  { detail }: EventOf<'EC2 Instance Rebalance Recommendation'>,
  at: Seconds,
): Promise<Outcome> {
  const instance = detail['instance-id'];
  if (!(await isOurs(table, instance))) return IGNORED('not of this service');
  if ((await table.get(PK.instance, instance))?.rebalanceAt !== undefined) return IGNORED('said before');
  await onRebalance(ports, { instance, at });
  return { outcome: 'rebalance', plan: true };
}
