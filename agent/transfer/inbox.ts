import { CopyError } from './errors.ts';
import { FRAME, frameHead } from './frames.ts';
import { decodeMessage, type Message } from './messages.ts';

/** Bytes that may be here and not done with: more than any sender leaves unacknowledged. */
const MOST_HELD = 67_108_864;
/** And messages. */
const MOST_AHEAD = 16_384;

/**
 * Messages as they arrive over several flows: put in order, repeated ones dropped, and acknowledged when they are done
 * with. An acknowledgement says all that is done with, so that it does not matter whether an earlier one arrived.
 */
export class Inbox {
  readonly #deliver: (message: Message, done: () => void) => void;
  readonly #send: (frame: Buffer) => void;
  /** Arrived ahead of their turn. */
  readonly #early = new Map<number, Buffer>();
  /** Done with, at or above `#below`. */
  readonly #done = new Set<number>();
  #next = 1;
  /** All below are done with. */
  #below = 1;
  #held = 0;
  #due = false;
  #over = false;

  constructor(deliver: (message: Message, done: () => void) => void, send: (frame: Buffer) => void) {
    this.#deliver = deliver;
    this.#send = send;
  }

  /** @throws {CopyError} `protocol` */
  take(payload: Buffer): void {
    if (payload.length < 4)
      throw new CopyError('protocol', `message: expected at least 4 bytes, got ${payload.length}`);
    const seq = payload.readUInt32BE(0);
    if (seq < this.#next || this.#early.has(seq)) {
      this.acknowledge();
      return;
    }
    this.#held += payload.length;
    if (this.#held > MOST_HELD || seq > this.#below + MOST_AHEAD)
      throw new CopyError('protocol', `message ${seq}: ${this.#held} bytes are not acknowledged yet`);
    this.#early.set(seq, payload);
    for (;;) {
      const next = this.#early.get(this.#next);
      if (next === undefined) return;
      this.#early.delete(this.#next);
      this.#give(this.#next, next);
    }
  }

  /** Says soon what is done with. */
  acknowledge(): void {
    if (this.#due || this.#over) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      if (this.#over) return;
      const frame = Buffer.alloc(4 + 4 * this.#done.size);
      frame.writeUInt32BE(this.#below, 0);
      let at = 4;
      for (const seq of this.#done) at = frame.writeUInt32BE(seq, at);
      this.#send(frameHead(FRAME.acknowledge, frame));
    });
  }

  close(): void {
    this.#over = true;
    this.#early.clear();
  }

  #give(seq: number, payload: Buffer): void {
    this.#next = seq + 1;
    let isDone = false;
    this.#deliver(decodeMessage(payload.subarray(4)), () => {
      if (isDone) return;
      isDone = true;
      this.#held -= payload.length;
      this.#done.add(seq);
      while (this.#done.delete(this.#below)) this.#below += 1;
      this.acknowledge();
    });
  }
}
