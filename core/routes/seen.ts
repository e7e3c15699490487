import type { Seconds } from '../time.ts';
import type { HealthCheck, Route } from './route.ts';

/** A load balancer with the listener that gets the shards' rules. ARNs. */
export interface Balancer {
  readonly listener: string;
  readonly loadBalancer: string;
  /** DNS name, for people and their records. */
  readonly dns: string;
}

/** A target group as AWS describes it. */
export interface SeenGroup {
  readonly arn: string;
  readonly name: string;
  /** Our tag: the shard that it was made for. Absent: somebody else's. */
  readonly shard?: string;
  readonly targetType: string;
  readonly protocol: string;
  readonly health: HealthCheck;
  /** ARNs of load balancers that use it. */
  readonly loadBalancers: readonly string[];
}

/** A listener rule as AWS describes it, the default one included. */
export interface SeenRule {
  readonly arn: string;
  readonly listener: string;
  /** Absent: the default rule. */
  readonly priority?: number;
  /** Absent: it has more than one condition, or another kind. */
  readonly route?: Route;
  /** ARN of the one group that it forwards to, if it does. */
  readonly targetGroup?: string;
  /** Our tag. Absent: somebody else's. */
  readonly shard?: string;
}

/** A `route` item of the table: where a shard's slices are registered. */
export interface KnownRoute {
  readonly shard: string;
  readonly targetGroup: string;
  /** `targetgroup/name/id`, as CloudWatch's dimension wants it. */
  readonly targetGroupName: string;
  /** `app/name/id`; absent where no load balancer uses the group. */
  readonly loadBalancer?: string;
  readonly listener?: string;
  readonly rule?: string;
  readonly priority?: number;
  readonly dns?: string;
  /** Made by us; else adopted. */
  readonly own: boolean;
  /** Deregistration delay that was set last (s). */
  readonly drain?: Seconds;
}

/** Everything that a synchronisation looks at. */
export interface SeenRoutes {
  readonly groups: readonly SeenGroup[];
  readonly rules: readonly SeenRule[];
  readonly known: readonly KnownRoute[];
  /** Slices that each shard owns. */
  readonly slices: ReadonlyMap<string, number>;
  /** Shards in shadow. */
  readonly shadow: ReadonlySet<string>;
}
