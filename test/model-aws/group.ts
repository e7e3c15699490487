import type { Seconds } from '../../core/time.ts';

/** A lifecycle hook; without one, instances do not wait. */
export interface HookOptions {
  readonly name: string;
  /** `HeartbeatTimeout`. */
  readonly timeout: Seconds;
  readonly otherwise: 'CONTINUE' | 'ABANDON';
}

export interface GroupOptions {
  readonly name: string;
  readonly min?: number;
  readonly max: number;
  /** All Spot; On-Demand otherwise. */
  readonly spot?: boolean;
  readonly warmPool?: { readonly prepared?: number; readonly min?: number; readonly reuse?: boolean };
  readonly launchHook?: HookOptions;
  readonly terminateHook?: HookOptions;
  /** `NewInstancesProtectedFromScaleIn`. @default true */
  readonly protectNew?: boolean;
  /** The termination policy function: which of those offered, or others, may end. @default the oldest offered */
  readonly policy?: (offered: readonly string[], count: number) => Promise<readonly string[]>;
}

export type Transition = 'autoscaling:EC2_INSTANCE_LAUNCHING' | 'autoscaling:EC2_INSTANCE_TERMINATING';
export type Place = 'EC2' | 'WarmPool' | 'AutoScalingGroup';

/** An instance of a group, its warm pool included. */
export interface GroupMember {
  readonly id: string;
  readonly group: GroupModel;
  readonly type: string;
  readonly zone: string;
  lifecycle: string;
  isProtected: boolean;
  isHealthy: boolean;
  /** The action that a hook waits for. */
  action?: {
    readonly hook: HookOptions;
    readonly transition: Transition;
    readonly origin: Place;
    readonly destination: Place;
    readonly token: string;
  };
  /** On its way back to the warm pool. */
  isReturning?: boolean;
  /** Came out of the warm pool. */
  isWarm?: boolean;
}

/** State of one group. What it does is in auto-scaling.ts. */
export class GroupModel {
  readonly options: GroupOptions;
  readonly members = new Map<string, GroupMember>();
  desired: number;
  min: number;
  max: number;
  warmPool: { prepared: number | undefined; min: number; reuse: boolean; state: string } | undefined;
  /** When the group looks at itself next. */
  dueAt = Number.POSITIVE_INFINITY;

  constructor(options: GroupOptions) {
    const { min = 0, max, warmPool } = options;
    this.options = options;
    this.min = min;
    this.max = max;
    // Without a desired capacity in the template it begins at its minimum.
    this.desired = min;
    this.warmPool = warmPool && {
      prepared: warmPool.prepared,
      min: warmPool.min ?? 0,
      reuse: warmPool.reuse ?? true,
      state: 'Stopped',
    };
  }

  /** What counts against desired capacity. */
  counted(): GroupMember[] {
    return this.#where(({ lifecycle }) => lifecycle === 'InService' || lifecycle.startsWith('Pending'));
  }

  /** What is in the warm pool or on its way there. */
  warm(): GroupMember[] {
    return this.#where(
      ({ lifecycle }) => lifecycle.startsWith('Warmed:') && lifecycle !== 'Warmed:Terminating',
    );
  }

  /** How many the warm pool should have. */
  stock(): number {
    if (this.warmPool === undefined) return 0;
    const { prepared = this.max, min } = this.warmPool;
    return Math.max(min, prepared - this.desired, 0);
  }

  #where(test: (member: GroupMember) => boolean): GroupMember[] {
    const found: GroupMember[] = [];
    for (const member of this.members.values()) if (test(member)) found.push(member);
    return found;
  }
}
