import type { Message } from './messages.ts';

/**
 * Messages between the two ends of a copy, in order and each once, as long as the link lasts: over TCP
 * ({@link Channel}) or through an object store ({@link HopLink}).
 */
export interface Link {
  /**
   * Never waits: whoever sends much waits for {@link room} before. `onAcknowledged`: the other end is done with it;
   * `again`: it was sent more than once, and may still be under way.
   */
  send(message: Message, onAcknowledged?: (again: boolean) => void): void;
  /**
   * Resolves when what was sent is on its way. Bytes that are read only then are still in the processor's cache when they
   * are encrypted, and are not kept twice.
   */
  room(): Promise<void>;
  /** Who hears; set before anything can arrive. `done` is called once when the message needs no memory any more. */
  onMessage: (message: Message, done: () => void) => void;
  /** Ends: with a reason, or in good order. A second call is ignored. */
  close(error?: Error): void;
  readonly closed: Promise<Error | undefined>;
}
