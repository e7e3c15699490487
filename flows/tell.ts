import type { Failure } from '../core/failure.ts';
import type { Event } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { Seconds } from '../core/time.ts';
import { event } from './events.ts';
import { findingEvents } from './findings.ts';
import type { PlanRecords, Remembered } from './minute-parts.ts';
import { scaledEvents } from './scaled.ts';
import type { TickResult } from './tick.ts';

/** What there is to publish of a plan beside the plan itself, and what is to be remembered once it is published. */
export interface Telling {
  readonly events: readonly Event[];
  readonly remember: Pick<Remembered, 'etag' | 'open'>;
}

/** @param last the plan before, if there was one */
export function tell(
  { plan }: TickResult,
  { settings, etag }: { readonly settings: Settings; readonly etag: string },
  last: Awaited<ReturnType<PlanRecords['latestPlan']>>,
  before: Remembered,
): Telling {
  const findings = findingEvents(before.open, plan.findings, plan.at);
  const events = [...scaledEvents(last?.shards ?? [], plan, settings), ...findings.events];
  if (before.etag !== undefined && before.etag !== etag) {
    const now = settings.shards.map(({ name }) => name);
    const then = last?.shards.map(({ shard }) => shard) ?? [];
    const added = without(now, then);
    const removed = without(then, now);
    events.unshift(event('SettingsChanged', plan.at, { etag, added, removed }));
  }
  return { events, remember: { etag, open: findings.open } };
}

function without(names: readonly string[], others: readonly string[]): string[] {
  const out = new Set(others);
  return names.filter((name) => !out.has(name));
}

/** Failures that an event names; the rest is in the log. */
const NAMED = 10;

export function failedEvent(at: Seconds, good: boolean, failures: readonly Failure[]): Event {
  return event('TickFailed', at, { good, count: failures.length, failures: failures.slice(0, NAMED) });
}
