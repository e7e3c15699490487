import type { GatewayLimits } from './limits.ts';

/** Room for bodies that are kept so that they can be sent twice; without it a body is streamed, and sent once. */
export class Replay {
  readonly #limits: Pick<GatewayLimits, 'replayBytes' | 'heldBytes'>;
  #bytes = 0;

  constructor(limits: Pick<GatewayLimits, 'replayBytes' | 'heldBytes'>) {
    this.#limits = limits;
  }

  /** Undefined: no room. Otherwise what gives it back, to be called once. */
  take(bytes: number): (() => void) | undefined {
    const { replayBytes, heldBytes } = this.#limits;
    if (bytes > replayBytes || this.#bytes + bytes > heldBytes) return undefined;
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
    };
  }
}
