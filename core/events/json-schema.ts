import * as z from 'zod';
import { EVENTS, type EventType } from './vocabulary.ts';

/** What the bus adds to every detail. */
const envelope = {
  service: z.string().describe('Name of the service.'),
  at: z.string().meta({ format: 'date-time' }).describe('When it happened (ISO 8601, UTC).'),
};

/** Shape of an event's detail as it arrives. Fields that are not named may come later. */
export function eventJsonSchema(type: EventType): Readonly<Record<string, unknown>> {
  const { about, detail } = EVENTS[type];
  return {
    title: type,
    description: about,
    ...z.toJSONSchema(detail.extend(envelope), { io: 'input', target: 'draft-07' }),
  };
}

/** An EventBridge pattern that matches the event, by one of its fields where that makes a useful example. */
export function eventPattern(type: EventType): Readonly<Record<string, unknown>> {
  const fields = EVENTS[type].detail.shape;
  const detail =
    'shard' in fields
      ? { shard: ['checkout'] }
      : 'instance' in fields
        ? { instance: [{ prefix: 'i-' }] }
        : {};
  return {
    source: ['foreshard'],
    'detail-type': [type],
    detail: { service: ['shop'], ...detail },
  };
}
