import type { Settings } from '../../core/settings/schema.ts';
import type { Group, Instance, Origin } from '../../core/shards/instance.ts';
import type { Seconds } from '../../core/time.ts';
import type { Member } from './fleet-groups.ts';
import type { Item } from './table.ts';

/** Why an instance leaves service, and where it goes. */
export interface Intent {
  readonly to: 'warm' | 'standby' | 'retired';
  /** The shard that it stands by for. */
  readonly shard?: string;
  readonly why?: 'released' | 'failed' | 'unhealthy' | 'interrupted';
  readonly at: Seconds;
}

/** What neither EC2 nor Auto Scaling knows of an instance: item `instance`. */
export interface InstanceItem extends Item {
  readonly group?: Group;
  /** Where it was seen last, and since when. */
  readonly state?: Phase;
  readonly since?: Seconds;
  /** Where it came from when it was last starting. */
  readonly origin?: Origin;
  readonly intent?: Intent;
  /** All its slices are out of their shards: the termination policy may name it. */
  readonly outAt?: Seconds;
  /** Auto Scaling was told to take it out. */
  readonly sentAt?: Seconds;
  readonly rebalanceAt?: Seconds;
  readonly noticeAt?: Seconds;
  readonly deadline?: Seconds;
  /** The shard for which it is kept powered down. */
  readonly standbyOf?: string;
  /** It has been told to stop. */
  readonly stoppedAt?: Seconds;
  /** It was asked to wake up from standby. */
  readonly wakeAt?: Seconds;
  /** EC2 said that it ends; Auto Scaling may list it for a while, and a standby for good. */
  readonly endedAt?: Seconds;
  /** Auto Scaling did not list it any more. */
  readonly goneAt?: Seconds;
}

/** Where Auto Scaling has an instance, in our words. */
export type Phase = 'stocking' | 'warm' | 'starting' | 'running' | 'standby' | 'leaving' | 'ended';

/**
 * Auto Scaling's lifecycle states: `Pending` → `InService` → `Terminating` → `Terminated`, the same with `Warmed:` for
 * the warm pool, and `EnteringStandby` → `Standby`; `:Wait` and `:Proceed` where a hook holds one.
 */
export function phaseOf({ lifecycle }: Pick<Member, 'lifecycle'>): Phase {
  if (lifecycle === 'InService') return 'running';
  if (lifecycle === 'Standby') return 'standby';
  if (lifecycle.startsWith('Pending')) return 'starting';
  if (lifecycle.startsWith('Warmed:Pending')) return 'stocking';
  if (lifecycle.startsWith('Warmed:Terminat') || lifecycle === 'Terminated') return 'ended';
  if (lifecycle.startsWith('Warmed:')) return 'warm';
  return 'leaving';
}

/** Where a starting instance comes from, by where it was seen before. */
export function originOf(item: InstanceItem | undefined): Origin {
  if (item?.state === 'starting') return item.origin ?? 'cold';
  if (item?.wakeAt !== undefined) return 'standby';
  return item?.state === 'warm' ? 'warm' : 'cold';
}

/** The instance as the rest of Foreshard knows it; undefined when it has ended. */
export function toInstance(
  member: Member,
  item: InstanceItem | undefined,
  settings: Settings,
  now: Seconds,
): Instance | undefined {
  const { id, type, zone, group } = member;
  const phase = phaseOf(member);
  const since = item?.state === phase ? (item.since ?? now) : now;
  const facts = { id, type, zone, group, since };
  const starting = (origin: Origin, into: 'running' | 'warm', from: Seconds, shard?: string): Instance => ({
    ...facts,
    since: from,
    state: 'starting',
    origin,
    into,
    expectedAt: from + settings.fleet.leadTimes[origin].seconds,
    ...(shard === undefined ? {} : { shard }),
  });
  const leaving = (to: Intent['to'], from = since): Instance => ({
    ...facts,
    since: from,
    state: 'draining',
    slices: [],
    to,
  });
  const { intent, standbyOf, wakeAt, deadline, noticeAt, rebalanceAt } = item ?? {};
  if (item?.endedAt !== undefined) return undefined;

  switch (phase) {
    case 'warm':
      return { ...facts, state: 'warm' };
    case 'ended':
      return undefined;
    case 'stocking':
      // On its way back into the warm pool, or on its first way there.
      return intent === undefined ? starting('cold', 'warm', since) : leaving('warm', intent.at);
    case 'starting': {
      const origin = originOf(item);
      return starting(origin, 'running', wakeAt ?? since, origin === 'standby' ? standbyOf : undefined);
    }
    case 'standby': {
      const shard = standbyOf ?? intent?.shard;
      // Put there by hand: it serves nothing until it is put back.
      if (shard === undefined) return leaving('standby');
      if (wakeAt !== undefined) return starting('standby', 'running', wakeAt, shard);
      return { ...facts, state: 'standby', shard };
    }
    case 'leaving':
      if (deadline !== undefined) return { ...facts, state: 'interrupted', slices: [], deadline };
      return leaving(intent?.to ?? 'retired', intent?.at ?? since);
    case 'running':
      if (deadline !== undefined)
        return { ...facts, since: noticeAt ?? since, state: 'interrupted', slices: [], deadline };
      if (intent !== undefined) return leaving(intent.to, intent.at);
      // Auto Scaling is about to end and replace it.
      if (!member.isHealthy) return leaving('retired');
      return {
        ...facts,
        state: 'running',
        slices: [],
        ...(rebalanceAt === undefined ? {} : { rebalanceAt }),
      };
  }
}
