import { CopyError } from '../../../agent/transfer/errors.ts';
import type { Link } from '../../../agent/transfer/link.ts';
import type { Message } from '../../../agent/transfer/messages.ts';
import type { ManualClock } from '../manual-clock.ts';
import type { Life } from './life.ts';

/** Seconds until a link that has lost its other end is given up. */
const PATIENCE = 10;
const LATENCY = 0.001;

/** One end of a link between two lives. Messages arrive in order; those that are on the way when it is cut do not. */
export class MemoryLink implements Link {
  onMessage: Link['onMessage'] = (_, done) => done();
  readonly closed: Promise<Error | undefined>;
  readonly #clock: ManualClock;
  readonly #life: Life;
  #peer!: MemoryLink;
  #isClosed = false;
  #sending: Promise<void> = Promise.resolve();
  #settle: (error: Error | undefined) => void = () => {};

  /** There is always some. */
  async room(): Promise<void> {}

  private constructor(clock: ManualClock, life: Life) {
    this.#clock = clock;
    this.#life = life;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  static pair(clock: ManualClock, one: Life, other: Life): [MemoryLink, MemoryLink] {
    const [a, b] = [new MemoryLink(clock, one), new MemoryLink(clock, other)];
    a.#peer = b;
    b.#peer = a;
    a.#watch();
    b.#watch();
    return [a, b];
  }

  send(message: Message, onAcknowledged: (again: boolean) => void = () => {}): void {
    if (this.#isClosed || this.#life.dead) return;
    // On a wire nothing is shared with the sender, which uses its buffers again.
    const copied = { ...message, body: message.body.map((piece) => Buffer.from(piece)) };
    const name = `link.send${message.type}`;
    // In order, however long one of them takes.
    this.#sending = this.#sending.then(async () => {
      try {
        await this.#life.step(name, 0, async () => {});
        this.#later(() => this.#peer.onMessage(copied, () => this.#peer.#later(() => onAcknowledged(false))));
      } catch (error) {
        this.cut(error as Error);
      }
    });
  }

  close(error?: Error): void {
    if (this.#isClosed || this.#life.dead) return;
    this.#later(() => this.#peer.close(error));
    this.#end(error);
  }

  /** Nothing gets through any more, in no direction. */
  cut(error: Error = new CopyError('lost', 'the link is cut')): void {
    this.#end(error);
    this.#peer.#end(error);
  }

  #end(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#settle(error);
  }

  #later(call: () => void): void {
    this.#clock.after(LATENCY, () => {
      if (!this.#peer.#isClosed && !this.#peer.#life.dead) call();
    });
  }

  #watch(): void {
    this.#clock.after(1, () => {
      if (this.#isClosed || this.#life.dead) return;
      if (!this.#peer.#life.dead) return this.#watch();
      this.#clock.after(PATIENCE, () => this.#end(new CopyError('lost', 'the other end is gone')));
    });
  }
}
