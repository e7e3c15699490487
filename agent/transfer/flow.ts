import type { TLSSocket } from 'node:tls';
import { FRAME, type FrameReader, frameHead } from './frames.ts';

/** Bytes that may wait in the socket before it counts as full: enough that the kernel always has some to send. */
const FULL = 524_288;

/** For the other end to hear that it is over (ms). */
const LINGER = 2000;

export interface FlowEvents {
  frame(kind: number, payload: Buffer): void;
  /** The flow takes more. */
  drain(): void;
  /** Once, whatever the reason. */
  lost(error: Error | undefined): void;
}

/** One connection of a copy: frames in and out. What comes in that is no frame ends it. */
export class Flow {
  readonly number: number;
  readonly #socket: TLSSocket;
  /** Monotonic, ms. */
  heardAt = performance.now();
  saidAt = this.heardAt;

  constructor(number: number, socket: TLSSocket, reader: FrameReader, events: FlowEvents) {
    this.number = number;
    this.#socket = socket;
    let failure: Error | undefined;
    socket.removeAllListeners('data').removeAllListeners('error').removeAllListeners('close');
    socket.on('data', (data: Buffer) => {
      this.heardAt = performance.now();
      try {
        reader.push(data, (kind, payload) => {
          // Frames that came together with the one that ended the flow are not heard any more.
          if (!socket.destroyed) events.frame(kind, payload);
        });
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

  get open(): boolean {
    return !this.#socket.destroyed;
  }

  get free(): boolean {
    return this.open && this.#socket.writableLength < FULL;
  }

  send(head: Buffer, pieces: readonly Uint8Array[] = []): void {
    if (!this.open) return;
    this.saidAt = performance.now();
    this.#socket.cork();
    this.#socket.write(head);
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  ping(): void {
    this.send(frameHead(FRAME.ping, new Uint8Array(0)));
  }

  /** Ends the flow, at once. */
  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  /** Ends the flow in good order, after what was sent. */
  end(): void {
    this.send(frameHead(FRAME.bye, new Uint8Array(0)));
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), LINGER).unref();
  }
}
