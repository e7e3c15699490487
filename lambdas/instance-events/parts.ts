import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import type { Table } from '../../adapters/aws/table.ts';
import type { OpenRequest } from '../../core/capacity/plan.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Group } from '../../core/shards/instance.ts';
import type { Seconds } from '../../core/time.ts';

/** What an event's handler works with. */
export interface EventParts {
  readonly ports: Ports;
  readonly settings: Settings;
  readonly table: Table;
  readonly autoScaling: Pick<AutoScalingClient, 'send'>;
  readonly groups: Readonly<Record<Group, string>>;
  bind(instance: string, group: Group, at: Seconds): Promise<OpenRequest['id'] | undefined>;
  /** Has a plan made at once. */
  startPlan(): Promise<void>;
}

/** What was done about an event, for the log. */
export interface Outcome {
  readonly outcome: string;
  /** Whether the plan should look at once. */
  readonly plan?: boolean;
}

export const IGNORED = (why: string): Outcome => ({ outcome: `ignored: ${why}` });

export function groupNamed(groups: EventParts['groups'], name: string): Group | undefined {
  if (name === groups.steady) return 'steady';
  return name === groups.spot ? 'spot' : undefined;
}
