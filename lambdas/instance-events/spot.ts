import { Modes } from '../../adapters/aws/modes.ts';
import { PK } from '../../adapters/aws/table.ts';
import type { Seconds } from '../../core/time.ts';
import { handOverName, onRebalance } from '../../flows/interruption.ts';
import { preCopy } from '../../flows/pre-copy.ts';
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

/** AWS recommends to move off the instance: what has a reserve is copied there, and the plan replaces it. */
export async function rebalance(
  { ports, settings, table }: EventParts,
  { detail }: EventOf<'EC2 Instance Rebalance Recommendation'>,
  at: Seconds,
): Promise<Outcome> {
  const instance = detail['instance-id'];
  if (!(await isOurs(table, instance))) return IGNORED('not of this service');
  const isNew = (await table.get(PK.instance, instance))?.rebalanceAt === undefined;
  if (isNew) await onRebalance(ports, { instance, at });
  // A repeat joins what is copied already, or begins what the first one did not come to.
  const copied = await preCopy({ ports, settings, switched: await new Modes(table).read() }, instance);
  if (!isNew) return IGNORED('said before');
  return { outcome: copied.length > 0 ? `rebalance, ${copied.length} copied` : 'rebalance', plan: true };
}
