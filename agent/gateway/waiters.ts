/** Those who wait for the next time that something happens. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** @throws the signal's reason */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const done = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', stop);
      };
      const wake = () => {
        done();
        resolve();
      };
      const stop = () => {
        done();
        reject(signal.reason);
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
