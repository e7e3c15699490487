import { setTimeout as sleep } from 'node:timers/promises';
import { Channel, type Timing } from './channel.ts';
import { CopyError, copyError } from './errors.ts';
import { type HopEnd, type HopStore, hopNonce, hopPrefix, unreadHop } from './hop.ts';
import { HopFlow } from './hop-flow.ts';
import { tagKey } from './keys.ts';
import { Receiver } from './receiver.ts';
import { Sender, type SenderOptions } from './sender.ts';
import type { Accepted, Copy } from './types.ts';

export interface Hop {
  readonly store: HopStore;
  /** Of the hand-over. */
  readonly id: string;
  readonly timing?: HopTiming;
}

export interface OpenHop extends Hop, SenderOptions {
  readonly secret: Uint8Array;
  /** Wall clock (ms): of two copies of one hand-over, the later one counts. */
  readonly now: number;
  /** Objects could not be cleared away. */
  readonly onLeft: (error: CopyError) => void;
}

export interface HopTiming extends Timing {
  /** Between two looks for what is not there yet (ms). */
  readonly poll: number;
}

/** Each look costs a request, and an agent that is gone is noticed by its lease first. */
export const HOP_TIMING: HopTiming = { poll: 250, ping: 5000, stall: 30_000, patience: 1000 };

/**
 * A copy through an object store, for agents that cannot reach each other. Returns at once: whether anybody reads it
 * shows in the first round, which fails with `lost` when nobody does within `stall`.
 */
export function openHop(hop: OpenHop): Copy {
  const nonce = hopNonce(hop.now);
  const channel = new Channel(hop.timing ?? HOP_TIMING);
  const copy = new Sender(channel, tagKey(hop.secret, nonce), hop);
  const flow = join(channel, hop, nonce.toString('hex'), hop.secret, 'source');
  void channel.closed
    .then(async () => {
      await flow.quiet;
      // What the target has not read yet it need not read any more, but for the word that it is over.
      await sleep((hop.timing ?? HOP_TIMING).patience);
      const left = await hop.store.list(`${hopPrefix(hop.id)}${nonce.toString('hex')}/`);
      if (left.length > 0) await hop.store.delete(left);
    })
    .catch((error) => hop.onLeft(copyError('lost', error)));
  return copy;
}

/**
 * Waits for a copy of one hand-over through the store, and takes it.
 * @returns when the copy that came has ended; one that begins again needs another call
 * @throws what the store says while it is waited for, and the signal's reason
 */
export async function acceptHop(
  hop: Hop & { readonly accepted: Accepted; readonly signal: AbortSignal },
): Promise<void> {
  const { store, id, accepted, signal, timing = HOP_TIMING } = hop;
  let nonce = await unreadHop(store, id);
  while (nonce === undefined) {
    await sleep(timing.poll, undefined, { signal });
    nonce = await unreadHop(store, id);
  }
  signal.throwIfAborted();
  const channel = new Channel(timing);
  const key = tagKey(accepted.secret, Buffer.from(nonce, 'hex'));
  const receiver = new Receiver(channel, key, accepted.target);
  const stop = () => channel.close(new CopyError('lost', 'the agent stops'));
  signal.addEventListener('abort', stop);
  join(channel, hop, nonce, accepted.secret, 'target');
  await receiver.ended;
  signal.removeEventListener('abort', stop);
}

function join(channel: Channel, hop: Hop, nonce: string, secret: Uint8Array, end: HopEnd): HopFlow {
  const { store, id, timing = HOP_TIMING } = hop;
  const over = new AbortController();
  void channel.closed.then(() => over.abort());
  const poll = () => sleep(timing.poll, undefined, { signal: over.signal }).catch(() => undefined);
  const flow = new HopFlow({ store, id, nonce, secret, end, poll });
  void channel.attach((events) => flow.begin(events));
  return flow;
}
