import type { IncomingMessage } from 'node:http';
import type { GatewayLimits } from './limits.ts';

/** Counts what waits for its slot: a place is taken before the wait and left after it. */
export class Queue {
  readonly #limits: GatewayLimits;
  #held = 0;
  #bytes = 0;

  constructor(limits: GatewayLimits) {
    this.#limits = limits;
  }

  get held(): number {
    return this.#held;
  }

  /** Undefined: full. Otherwise what leaves the place again. */
  enter(request: IncomingMessage): (() => void) | undefined {
    const bytes = sizeOf(request);
    const { held, heldBytes } = this.#limits;
    if (this.#held >= held || this.#bytes + bytes > heldBytes) return undefined;
    this.#held += 1;
    this.#bytes += bytes;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#held -= 1;
      this.#bytes -= bytes;
    };
  }
}

/** Bytes that a waiting request takes at most: its body is not read on beyond the stream's buffer. */
function sizeOf(request: IncomingMessage): number {
  let headers = request.url?.length ?? 0;
  for (const part of request.rawHeaders) headers += part.length;
  const length = Number(request.headers['content-length'] ?? 0);
  const buffer = request.readableHighWaterMark;
  const body = request.headers['transfer-encoding'] !== undefined ? buffer : Math.min(length, buffer);
  return headers + body;
}
