import { messageOf } from '../core/failure.ts';
import { createForecaster } from '../core/forecast/create.ts';
import type { Indicators } from '../core/forecast/forecast.ts';
import type { Settings } from '../core/settings/schema.ts';
import { HOUR, type Seconds } from '../core/time.ts';

/** Forecaster states of a chunk; undefined when there are none. */
export interface ChunkStates {
  read(chunk: number): Promise<ReadonlyMap<string, Uint8Array> | undefined>;
  write(chunk: number, states: ReadonlyMap<string, Uint8Array>): Promise<void>;
}

/** So long a state stays where its shard was before. */
const LEFT: Seconds = HOUR;

/** States as they were read for one chunk. */
export interface StatesRead {
  /** Of the chunk's shards, as far as there are any. */
  readonly own: ReadonlyMap<string, Uint8Array>;
  /** Of shards that have just moved to another chunk: they stay until that one has surely taken them. */
  readonly left: ReadonlyMap<string, Uint8Array>;
  /** Why states that may be beside were done without. */
  readonly missing?: string;
}

/**
 * Reads the states of a chunk's shards. Chunks are cut by place in the settings: a shard more or less before them moves
 * shards across the edge, and these bring their states along from the chunk before or behind.
 * @throws what reading the chunk's own states throws
 */
export async function readStates(
  states: Pick<ChunkStates, 'read'>,
  settings: Settings,
  { chunk, shards }: { readonly chunk: number; readonly shards: readonly string[] },
  now: Seconds,
): Promise<StatesRead> {
  const there = (await states.read(chunk)) ?? new Map<string, Uint8Array>();
  const [own, left] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()];
  const named = new Set(settings.shards.map(({ name }) => name));
  for (const [shard, state] of there) {
    if (shards.includes(shard)) own.set(shard, state);
    else if (named.has(shard) && isOf(settings, shard, state, now - LEFT)) left.set(shard, state);
  }
  const missing: string[] = [];
  for (const near of [chunk - 1, chunk + 1]) {
    if (near < 0 || shards.every((shard) => own.has(shard))) continue;
    try {
      const theirs = await states.read(near);
      for (const shard of shards) {
        const state = theirs?.get(shard);
        if (state !== undefined && !own.has(shard)) own.set(shard, state);
      }
    } catch (error) {
      missing.push(`states of chunk ${near}: ${messageOf(error)}`);
    }
  }
  return { own, left, ...(missing.length > 0 && { missing: missing.join('; ') }) };
}

/** Its indicators are not asked. */
const NOTHING: Indicators = { names: [], at: () => Number.NaN };

/** Whether a state was put away after a time; one that cannot be read never is. */
function isOf(settings: Settings, shard: string, state: Uint8Array, after: Seconds): boolean {
  try {
    const { followedUntil = 0 } = createForecaster(settings, shard, state, NOTHING);
    return followedUntil > after;
  } catch {
    // Its new chunk says why it is of no use.
    return false;
  }
}
