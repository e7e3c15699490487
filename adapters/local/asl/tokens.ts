import { StateError } from './failures.ts';
import type { Json } from './paths.ts';

/** Thrown for a token that nobody waits for any more; the name is the one of Step Functions. */
export class TaskTimedOut extends Error {
  override readonly name = 'TaskTimedOut';
}

/** Task tokens: who waits, and the answers. */
export class Tokens {
  readonly #waiting = new Map<string, { succeed(output: Json): void; fail(error: StateError): void }>();
  #issued = 0;

  /** Tokens that wait for an answer. */
  get open(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  issue(): { readonly token: string; readonly answer: Promise<Json>; forget(): void } {
    const token = `token-${++this.#issued}`;
    const answer = new Promise<Json>((succeed, fail) => this.#waiting.set(token, { succeed, fail }));
    // Whoever asked may have given up before the answer.
    answer.catch(() => {});
    return { token, answer, forget: () => void this.#waiting.delete(token) };
  }

  /** @throws {TaskTimedOut} */
  succeed(token: string, output: Json): void {
    this.#take(token).succeed(output);
  }

  /** @throws {TaskTimedOut} */
  fail(token: string, error: string, cause: string): void {
    this.#take(token).fail(new StateError(error, cause));
  }

  #take(token: string) {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) throw new TaskTimedOut(`nobody waits for ${token}`);
    this.#waiting.delete(token);
    return waiting;
  }
}
