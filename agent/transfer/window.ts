/** Bytes that may be on the way. */
export class Window {
  #left: number;
  readonly #signal: AbortSignal;
  #next: (() => void) | undefined;

  constructor(bytes: number, signal: AbortSignal) {
    this.#left = bytes;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#next?.(), { once: true });
  }

  /**
   * Waits until there is room. One caller at a time.
   * @throws the signal's reason
   */
  async take(bytes: number): Promise<void> {
    while (this.#left < bytes && !this.#signal.aborted)
      await new Promise<void>((next) => {
        this.#next = next;
      });
    if (this.#signal.aborted) throw this.#signal.reason;
    this.#left -= bytes;
  }

  give(bytes: number): void {
    this.#left += bytes;
    this.#next?.();
  }
}
