import type { Seconds } from '../../core/time.ts';
import type { StateSink, StateSource } from '../contract.ts';

/**
 * The source's end of one copy, over TCP ({@link openCopy}) or through an object store ({@link openHop}).
 *
 * Invariants: sets of a slot arrive in order, whole and verified, or not at all; what was not acknowledged as applied is
 * sent again after a cut connection; a slot whose set failed starts from nothing with the next round.
 */
export interface Copy {
  /**
   * Sends what changed in each slot since its last set (all of it at first). Resolves when each is applied and verified.
   * @throws {CopyError} when the connection is lost for good, an application fails, or bytes are wrong
   */
  round(source: StateSource, slots: readonly number[], signal?: AbortSignal): Promise<Round>;
  /** The last round, of slots that are quiesced, and then the target's word that it has everything. */
  finish(source: StateSource, slots: readonly number[], signal?: AbortSignal): Promise<Round>;
  /** Resolves when the target serves the slot under this epoch. */
  serve(slot: number, epoch: number, signal?: AbortSignal): Promise<void>;
  /** The target forgets what was applied; the copy ends. */
  abort(reason: string): Promise<void>;
  /** Ends; what was applied stays. */
  close(): Promise<void>;
  /** Settles when the copy has ended: with the reason, unless it was closed here. */
  readonly closed: Promise<Error | undefined>;
  /** Bytes of state and of the wire that the target has acknowledged so far: rises during a round. */
  readonly acknowledged: { readonly bytes: number; readonly wireBytes: number };
}

/** What one round came to. */
export interface Round {
  /** Of state, before compression. */
  readonly bytes: number;
  readonly wireBytes: number;
  readonly seconds: Seconds;
}

/** The target's side of one hand-over. Calls of one slot come one after the other. */
export interface CopyTarget {
  /** What may be handed over. */
  readonly slots: readonly number[];
  readonly sink: StateSink;
  /** Before the first set is applied: the shard's environment. Once per copy. */
  begin(): Promise<void>;
  /** All of it is applied and verified, and the source has stopped changing it. */
  ready(): Promise<void>;
  /** The source has passed the slot to this slice. */
  serve(slot: number, epoch: number): Promise<void>;
  /**
   * The copy is over: with why, unless the source closed it in good order. What was applied is discarded before, except
   * after `ready`.
   */
  ended(error: Error | undefined): void;
}

/** A hand-over that may come in. */
export interface Accepted {
  /** At least 16 bytes, known to both agents alone. */
  readonly secret: Uint8Array;
  readonly target: CopyTarget;
}

/** Of a hand-over's id; undefined: a stranger. Asked for each connection. */
export type Lookup = (id: string) => Promise<Accepted | undefined>;
