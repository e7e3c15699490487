import type { Seconds } from '../time.ts';
import { IllegalTransition } from './placement.ts';
import type { Slice } from './slice.ts';

/** `steady`: On-Demand with the warm pool. `spot`: all Spot. */
export type Group = 'steady' | 'spot';

/** Where a starting instance comes from; each origin has its own measured lead time. */
export type Origin = 'cold' | 'warm' | 'standby';

interface InstanceFacts {
  readonly id: string;
  readonly type: string;
  readonly zone: string;
  readonly group: Group;
  /** When it entered this state. */
  readonly since: Seconds;
}

/**
 * An EC2 instance of the fleet.
 *
 * Lifecycle: `starting` → `running` → `draining` → `warm` | `standby` | `retired`; `warm` → `starting`;
 * a Spot notice turns `running` into `interrupted`, which ends in `retired`.
 */
export type Instance =
  /** Stopped (or hibernated) in the warm pool; initialised before. Only in the `steady` group: Spot cannot be stopped. */
  | (InstanceFacts & { readonly state: 'warm' })
  /** Cold standby of one shard: configured, stopped, outside the warm pool. */
  | (InstanceFacts & { readonly state: 'standby'; readonly shard: string })
  | (InstanceFacts & {
      readonly state: 'starting';
      readonly origin: Origin;
      readonly expectedAt: Seconds;
      /** A cold launch that goes straight into the warm pool when it is initialised. */
      readonly into: 'running' | 'warm';
      readonly shard?: string;
    })
  | (InstanceFacts & {
      readonly state: 'running';
      readonly slices: readonly Slice[];
      /** When AWS recommended to rebalance it away. */
      readonly rebalanceAt?: Seconds;
    })
  /** Its slices have left their shards or are leaving; then it goes `to`. */
  | (InstanceFacts & {
      readonly state: 'draining';
      readonly slices: readonly Slice[];
      readonly to: 'warm' | 'standby' | 'retired';
    })
  /** Spot gave notice: it ends at `deadline` at the latest. */
  | (InstanceFacts & {
      readonly state: 'interrupted';
      readonly slices: readonly Slice[];
      readonly deadline: Seconds;
    })
  | (InstanceFacts & {
      readonly state: 'retired';
      readonly why: 'released' | 'interrupted' | 'failed' | 'unhealthy';
    });

export type InstanceState = Instance['state'];

export const INSTANCE_TRANSITIONS: { readonly [S in InstanceState]: readonly InstanceState[] } = {
  warm: ['starting', 'retired'],
  standby: ['starting', 'retired'],
  starting: ['running', 'warm', 'retired'],
  running: ['draining', 'interrupted', 'retired'],
  draining: ['warm', 'standby', 'retired', 'interrupted'],
  interrupted: ['retired'],
  retired: [],
};

/** @throws {IllegalTransition} naming the instance, both states and what would be allowed. */
export function instanceTo(from: Instance, next: Instance): Instance {
  if (from.id !== next.id || from.group !== next.group) {
    throw new IllegalTransition(
      `instance ${from.id} (${from.group})`,
      from.state,
      `${next.id} (${next.group})`,
      [`${from.id} (${from.group})`],
    );
  }
  const allowed = INSTANCE_TRANSITIONS[from.state];
  if (!allowed.includes(next.state))
    throw new IllegalTransition(`instance ${from.id}`, from.state, next.state, allowed);
  if (next.group === 'spot' && (next.state === 'warm' || next.state === 'standby')) {
    throw new IllegalTransition(`Spot instance ${from.id}`, from.state, next.state, ['retired']);
  }
  return next;
}

/** The slices that the instance carries; none unless it runs. */
export function slicesOf(instance: Instance): readonly Slice[] {
  return 'slices' in instance ? instance.slices : [];
}
