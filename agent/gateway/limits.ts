import type { Seconds } from '../../core/time.ts';

/** What the gateway takes at most; all of it is refused with a clear status, nothing grows without bound. */
export interface GatewayLimits {
  /** Longest time that a request waits for its slot. */
  readonly holdSeconds: Seconds;
  /** Requests that wait at once. */
  readonly held: number;
  /** Bytes of those, their headers and what is read of their bodies; and as many of bodies that may be sent twice. */
  readonly heldBytes: number;
  /** Header section of a request. */
  readonly headerBytes: number;
  /** A request with a body up to this size is sent to another holder when the first one is it no longer. */
  readonly replayBytes: number;
  readonly connections: number;
  /** Holders that one request is tried at. */
  readonly tries: number;
}

export const LIMITS: GatewayLimits = {
  holdSeconds: 10,
  held: 1024,
  heldBytes: 32 * 1024 * 1024,
  headerBytes: 16 * 1024,
  replayBytes: 64 * 1024,
  connections: 8192,
  tries: 4,
};
