/** The right of one request, or one long-lived connection, to be served under an epoch of a slot. */
export class Ticket {
  readonly slot: number;
  readonly epoch: number;
  readonly #lasts: () => boolean;
  readonly #ended: (ticket: Ticket) => void;
  #cut: (() => void) | undefined;
  #fenced = false;
  #counts = true;

  constructor(slot: number, epoch: number, lasts: () => boolean, ended: (ticket: Ticket) => void) {
    this.slot = slot;
    this.epoch = epoch;
    this.#lasts = lasts;
    this.#ended = ended;
  }

  /** Whether an answer of the application may still be passed on. */
  get lasts(): boolean {
    return !this.#fenced && this.#lasts();
  }

  /** Whether a hand-over waits a little for its end. */
  get counts(): boolean {
    return this.#counts;
  }

  /** It lives as long as the client wants: nobody waits for its end. */
  detach(): void {
    this.#counts = false;
  }

  /** What happens when the right ends early. */
  onFenced(cut: () => void): void {
    this.#cut = cut;
    if (this.#fenced) cut();
  }

  fence(): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.end();
    this.#cut?.();
  }

  end(): void {
    this.#ended(this);
  }
}
