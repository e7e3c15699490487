import type { Seconds } from '../../time.ts';
import type { ShardEvent } from './events.ts';
import type { Occurrence } from './schedule.ts';

/** An event that is on at some time. */
export interface On {
  readonly event: ShardEvent;
  readonly cause: string;
  readonly occurrence: Occurrence;
}

const NONE: readonly On[] = [];

/** What is on at a time and has a factor. */
export function onAt(events: readonly ShardEvent[], time: Seconds): readonly On[] {
  let on: On[] | undefined;
  for (const event of events) {
    const occurrence = event.learns ? event.schedule.at(time) : undefined;
    if (occurrence === undefined) continue;
    on ??= [];
    on.push({ event, occurrence, cause: `${event.kind} ${occurrence.name}` });
  }
  return on ?? NONE;
}

/** Tells one occurrence from all others. */
export const keyOf = ({ cause, occurrence }: On): string => `${cause} ${occurrence.start}`;
