import type { TLSSocket } from 'node:tls';
import { FRAME, type FrameReader, frameHead } from './frames.ts';
import { free } from './free.ts';

/** Bytes that may wait in the socket before it counts as full: enough that the kernel always has some to send. */
const FULL = 262_144;

/** For the other end to hear that it is over (ms). */
const LINGER = 2000;

export interface FlowEvents {
  frame(kind: number, payload: Buffer): void;
  /** The flow takes more. */
  drain(): void;
  /** Once, whatever the reason. */
  lost(error: Error | undefined): void;
}

/** What carries frames both ways: a connection, or an object store. */
export interface Carrier {
  readonly number: number;
  /** Something was last heard, and said (monotonic, ms). */
  readonly heardAt: number;
  readonly saidAt: number;
  /** Takes more. */
  readonly free: boolean;
  send(head: Buffer, pieces?: readonly Uint8Array[]): void;
  ping(): void;
  /** Ends, at once. */
  destroy(): void;
  /** Ends in good order, after what was sent. */
  end(): void;
}

/** One connection of a copy: frames in and out. What comes in that is no frame ends it. */
export class Flow implements Carrier {
  readonly number: number;
  readonly #socket: TLSSocket;
  /** Monotonic, ms. */
  heardAt = performance.now();
  saidAt = this.heardAt;

  constructor(number: number, socket: TLSSocket, reader: FrameReader, events: FlowEvents) {
    this.number = number;
    this.#socket = socket;
    let failure: Error | undefined;
    socket.on('data', (data: Buffer) => {
      this.heardAt = performance.now();
      try {
        reader.push(data, (kind, payload) => {
          // Frames that came together with the one that ended the flow are not heard any more.
          if (!socket.destroyed) events.frame(kind, payload);
        });
        // Frames are copies, and the socket has no use for it any more.
        free(data);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on('drain', () => events.drain());
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('end', () => socket.destroy());
    socket.once('close', () => events.lost(failure));
    socket.setTimeout(0);
    socket.resume();
  }

  get free(): boolean {
    return !this.#socket.destroyed && this.#socket.writableLength < FULL;
  }

  send(head: Buffer, pieces: readonly Uint8Array[] = []): void {
    if (this.#socket.destroyed) return;
    this.saidAt = performance.now();
    // Not corked: what is written as one would be copied into one buffer first.
    this.#socket.write(head);
    for (const piece of pieces) this.#socket.write(piece);
  }

  ping(): void {
    this.send(frameHead(FRAME.ping, new Uint8Array(0)));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  end(): void {
    this.send(frameHead(FRAME.bye, new Uint8Array(0)));
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), LINGER).unref();
  }
}
