import type { TLSSocket } from 'node:tls';
import { Channel, type Timing } from './channel.ts';
import { CopyError } from './errors.ts';
import { Flow } from './flow.ts';
import { FRAME, type FrameReader, frameHead } from './frames.ts';
import { tagKey } from './keys.ts';
import { Receiver } from './receiver.ts';
import type { Accepted } from './types.ts';

interface Arrival {
  readonly id: string;
  readonly accepted: Accepted;
  readonly flow: number;
  readonly nonce: string;
  readonly fresh: boolean;
  readonly socket: TLSSocket;
  readonly reader: FrameReader;
}

interface IncomingCopy {
  readonly nonce: string;
  readonly channel: Channel;
  readonly receiver: Receiver;
}

/** Copies that come in at once: as many as an instance has slices, and some more. */
const MOST_COPIES = 64;

/**
 * The copies of one agent, at most one per hand-over: a source that begins again (it was restarted) replaces its earlier
 * one, which is cleaned up first.
 */
export class IncomingCopies {
  readonly #timing: Timing;
  readonly #copies = new Map<string, IncomingCopy>();

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  get size(): number {
    return this.#copies.size;
  }

  /** @throws {CopyError} `lost`: it goes on with what is not here any more */
  async attach(arrival: Arrival): Promise<void> {
    const { id, nonce, fresh, flow, socket, reader } = arrival;
    for (let other = this.#copies.get(id); other && other.nonce !== nonce; other = this.#copies.get(id)) {
      if (!fresh) throw new CopyError('lost', 'another copy of this hand-over has begun');
      other.channel.close(new CopyError('lost', 'the source has begun again'));
      await other.receiver.ended;
    }
    const copy = this.#copies.get(id) ?? (fresh ? this.#begin(arrival) : undefined);
    if (copy === undefined) throw new CopyError('lost', 'the target has forgotten the copy');
    if (socket.destroyed) return;
    socket.write(frameHead(FRAME.welcome, Buffer.from('{}')));
    void copy.channel.attach((events) => new Flow(flow, socket, reader, events));
  }

  async close(error: CopyError): Promise<void> {
    const all = [...this.#copies.values()];
    for (const { channel } of all) channel.close(error);
    await Promise.all(all.map(({ receiver }) => receiver.ended));
  }

  #begin({ id, nonce, accepted }: Arrival): IncomingCopy {
    if (this.#copies.size >= MOST_COPIES)
      throw new CopyError('lost', `copies: expected at most ${MOST_COPIES} at once, got one more`);
    const channel = new Channel(this.#timing);
    const key = tagKey(accepted.secret, Buffer.from(nonce, 'hex'));
    const receiver = new Receiver(channel, key, accepted.target);
    const copy = { nonce, channel, receiver };
    this.#copies.set(id, copy);
    void receiver.ended.finally(() => {
      if (this.#copies.get(id) === copy) this.#copies.delete(id);
    });
    return copy;
  }
}
