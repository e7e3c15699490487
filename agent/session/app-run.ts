/**
 * Which run of the application has the state that this agent vouches for.
 *
 * Lifecycle: unknown → known, with the first generation that the application tells → `isLost` when it tells another one
 * → known again, once what was lost has been given back ({@link settled}).
 */
export class AppRun {
  readonly #onLost: () => void;
  #known: string | undefined;
  #next: string | undefined;

  /** @param known as an agent that ended had it */
  constructor(known: string | undefined, onLost: () => void) {
    this.#known = known;
    this.#onLost = onLost;
  }

  get known(): string | undefined {
    return this.#known;
  }

  /** It is another run than the one that had the state; nobody may serve what this one has. */
  get isLost(): boolean {
    return this.#next !== undefined;
  }

  /** @param generation as the application tells it; undefined: it does not, which says nothing */
  see(generation: string | undefined): void {
    if (generation === undefined || generation === (this.#next ?? this.#known)) return;
    if (this.#known === undefined) {
      this.#known = generation;
      return;
    }
    const wasLost = this.isLost;
    this.#next = generation;
    if (!wasLost) this.#onLost();
  }

  /** Nothing of the run before is vouched for any more. */
  settled(): void {
    this.#known = this.#next ?? this.#known;
    this.#next = undefined;
  }
}
