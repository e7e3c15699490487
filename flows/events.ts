export { type EventDetails, event } from '../core/events/event.ts';
