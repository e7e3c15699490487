import type { Event } from '../ports.ts';
import type { Seconds } from '../time.ts';
import type { EventDetails, EventType } from './vocabulary.ts';

export type { EventDetails, EventType };

/** An event of the vocabulary, ready to publish. */
export function event<T extends EventType>(type: T, at: Seconds, detail: EventDetails[T]): Event {
  return { type, at, detail };
}
