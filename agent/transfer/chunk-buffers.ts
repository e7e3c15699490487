import { free } from './free.ts';

/**
 * Buffers of the chunks of one set, used again and again: memory that is new each time costs more of the processor than
 * what is copied into it, page by page. As many are made as are on the way at once.
 */
export class ChunkBuffers {
  readonly #bytes: number;
  #free: Buffer[] = [];
  #isClosed = false;

  /** @param bytes of each */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  /** Nobody reads a chunk any more, which may be the beginning of its buffer only. */
  give({ buffer }: Buffer): void {
    const whole = Buffer.from(buffer);
    if (this.#isClosed) free(whole);
    else this.#free.push(whole);
  }

  /** The set ends: what is given from now on is freed. */
  close(): void {
    this.#isClosed = true;
    for (const buffer of this.#free) free(buffer);
    this.#free = [];
  }
}
