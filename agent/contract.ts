import type { Readable } from 'node:stream';

/**
 * What the agent asks of an application on its instance; behind it are the hooks (HTTP on localhost or executables), or
 * files that the agent reads and writes itself. Calls take a signal that ends them at their time-out.
 */
export interface App {
  /** Enters the shard's environment. A repeat is harmless. */
  activate(shard: string, signal?: AbortSignal): Promise<void>;
  deactivate(shard: string, signal?: AbortSignal): Promise<void>;
  /**
   * Begins to serve a slot under an epoch: with what was applied for it before, else with nothing. One that is served
   * already keeps its state, and gets the newer epoch.
   */
  serve(slot: number, epoch: number, signal?: AbortSignal): Promise<void>;
  /** Stops changing these slots: resolves when each change that was ever acknowledged is in what `changes` gives. */
  quiesce(slots: readonly number[], signal?: AbortSignal): Promise<void>;
  /** The hand-over did not happen: serves on. */
  resume(slots: readonly number[], signal?: AbortSignal): Promise<void>;
  /** Another one holds the slot from `epoch` on: writes under an older epoch are refused, its state may be forgotten. */
  release(slot: number, epoch: number, signal?: AbortSignal): Promise<void>;
  readonly state: StateSource & StateSink;
  /** The state outlives the application: one that has restarted has it again. @default it is gone with its process */
  readonly isDurable?: true;
  /** What the application says of itself; an application that says nothing gives an empty answer. */
  stats(signal?: AbortSignal): Promise<AppStats>;
}

export interface AppStats {
  readonly slots: readonly {
    readonly slot: number;
    readonly stateBytes: number;
    readonly dirtyBytesPerSecond?: number;
  }[];
  /** Names this run of the application: another one with each start. Absent: a restart is not noticed. Opaque. */
  readonly generation?: string;
  /** cpu and memory (shares of 1), io, inFlight, sessions: whatever it measures. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What changed in a slot. */
export interface Changes {
  /** Names the state after these changes; the next call gives what changed since. Opaque. */
  readonly token: string;
  /** Opaque to all but the application. */
  readonly stream: Readable;
  /** Where it is known beforehand. */
  readonly bytes?: number;
  /** Nobody else has the buffers of the stream: their memory is taken back as soon as they have arrived. */
  readonly owned?: true;
}

export interface StateSource {
  /** What changed in the slot since a token; all of it without one. Reading does not disturb serving. */
  changes(slot: number, since: string | undefined, signal?: AbortSignal): Promise<Changes>;
}

export interface StateSink {
  /** Applies one set of changes, whole: what fails half-way is followed by `discard`. Sets come in order. */
  apply(slot: number, changes: Readable, signal?: AbortSignal): Promise<void>;
  /** Forgets what was applied to a slot that is not served here. */
  discard(slot: number, signal?: AbortSignal): Promise<void>;
}
