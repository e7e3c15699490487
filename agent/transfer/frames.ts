import { CopyError } from './errors.ts';

/** Kinds of frames on a flow. A frame is its length (4 bytes, without these), its kind (1 byte) and a payload. */
export const FRAME = { hello: 1, welcome: 2, message: 3, acknowledge: 4, ping: 5, bye: 6 } as const;

const HEAD = 4;
/** Longest frame (bytes): a chunk and what is said of it. */
export const MOST_FRAME = 1_048_576 + 65_536;

/** The start of a frame whose payload begins with `payload` and goes on with `more` bytes. */
export function frameHead(kind: number, payload: Uint8Array, more = 0): Buffer {
  const head = Buffer.allocUnsafe(HEAD + 1 + payload.length);
  head.writeUInt32BE(1 + payload.length + more, 0);
  head[HEAD] = kind;
  head.set(payload, HEAD + 1);
  return head;
}

/**
 * Cuts a stream of bytes into frames. Holds at most one frame: each gets a buffer of its own, which can be kept without
 * keeping what the socket read beside it.
 */
export class FrameReader {
  readonly #most: number;
  readonly #head = Buffer.alloc(HEAD);
  #headBytes = 0;
  #frame: Buffer | undefined;
  #frameBytes = 0;

  /** @param most longest frame (bytes) */
  constructor(most = MOST_FRAME) {
    this.#most = most;
  }

  /** @throws {CopyError} `protocol`: a frame is empty or too long */
  push(data: Buffer, onFrame: (kind: number, payload: Buffer) => void): void {
    let at = 0;
    while (at < data.length) {
      if (this.#frame === undefined) {
        const copied = data.copy(this.#head, this.#headBytes, at);
        this.#headBytes += copied;
        at += copied;
        if (this.#headBytes < HEAD) return;
        this.#begin(this.#head.readUInt32BE(0));
      } else {
        const copied = data.copy(this.#frame, this.#frameBytes, at);
        this.#frameBytes += copied;
        at += copied;
        if (this.#frameBytes < this.#frame.length) return;
        const frame = this.#frame;
        this.#frame = undefined;
        onFrame(frame[0]!, frame.subarray(1));
      }
    }
  }

  #begin(length: number): void {
    if (length < 1 || length > this.#most)
      throw new CopyError('protocol', `frame: expected 1 to ${this.#most} bytes, got ${length}`);
    this.#frame = Buffer.allocUnsafeSlow(length);
    this.#frameBytes = 0;
    this.#headBytes = 0;
  }
}
