import { CopyError, messageOf } from './errors.ts';
import type { Carrier, FlowEvents } from './flow.ts';
import { FRAME, frameHead } from './frames.ts';
import { Inbox } from './inbox.ts';
import type { Link } from './link.ts';
import { encodeHead, type Message } from './messages.ts';

/** Milliseconds. */
export interface Timing {
  /** A flow that has said nothing for so long says that it is there. */
  readonly ping: number;
  /** A flow from which nothing is heard for so long is given up. */
  readonly stall: number;
  /** A copy without any flow is kept for so long. */
  readonly patience: number;
}

export const TIMING: Timing = { ping: 2000, stall: 7000, patience: 10_000 };

interface Sent {
  readonly seq: number;
  readonly head: Buffer;
  readonly body: readonly Uint8Array[];
  readonly onAcknowledged: ((again: boolean) => void) | undefined;
  again: boolean;
  flow: Carrier | undefined;
}

const NOW = Promise.resolve();
/** Bytes before the message in its frame: the sequence number. */
const SEQ = 4;

/**
 * A {@link Link} over several connections, which may be cut and come again.
 *
 * Lifecycle: lives as long as there is a flow, and `patience` longer. A message is kept until the other end says that it
 * is done with it; when its flow is lost, it goes over another one.
 */
export class Channel implements Link {
  readonly #timing: Timing;
  readonly #flows = new Map<number, Carrier>();
  readonly #unacknowledged = new Map<number, Sent>();
  #waiting: Sent[] = [];
  #room: Promise<void> | undefined;
  #roomy: () => void = () => undefined;
  #seq = 0;
  #turn = 0;
  #over = false;
  /** Why a flow was last lost. */
  #cause: Error | undefined;
  #patience: NodeJS.Timeout | undefined;
  #settle: (error: Error | undefined) => void = () => undefined;
  readonly #pulse: NodeJS.Timeout;
  readonly #inbox = new Inbox(
    (message, done) => this.onMessage(message, done),
    (frame) => this.#any()?.send(frame),
  );
  onMessage: (message: Message, done: () => void) => void = (_, done) => done();
  readonly closed: Promise<Error | undefined>;

  constructor(timing: Timing = TIMING) {
    this.#timing = timing;
    this.closed = new Promise((settle) => {
      this.#settle = settle;
    });
    this.#pulse = setInterval(() => this.#beat(), Math.max(10, timing.ping / 2)).unref();
    this.#wait();
  }

  /** Takes over what the other end was found to be behind. @returns settles when it is lost. */
  attach(make: (events: FlowEvents) => Carrier): Promise<void> {
    return new Promise((lost) => {
      const flow = make({
        frame: (kind, payload) => this.#frame(kind, payload),
        drain: () => this.#pump(),
        lost: (error) => {
          this.#cause = error ?? this.#cause;
          this.#lost(flow);
          lost();
        },
      });
      if (this.#over) return flow.destroy();
      this.#flows.get(flow.number)?.destroy();
      this.#flows.set(flow.number, flow);
      clearTimeout(this.#patience);
      this.#inbox.acknowledge();
      this.#pump();
    });
  }

  send(message: Message, onAcknowledged?: (again: boolean) => void): void {
    if (this.#over) return;
    const head = encodeHead(message, SEQ);
    this.#seq += 1;
    head.writeUInt32BE(this.#seq, 0);
    const more = message.body.reduce((sum, piece) => sum + piece.length, 0);
    const sent: Sent = {
      seq: this.#seq,
      head: frameHead(FRAME.message, head, more),
      body: message.body,
      onAcknowledged,
      again: false,
      flow: undefined,
    };
    this.#unacknowledged.set(sent.seq, sent);
    this.#waiting.push(sent);
    this.#pump();
  }

  room(): Promise<void> {
    if (this.#waiting.length === 0 || this.#over) return NOW;
    this.#room ??= new Promise((settle) => {
      this.#roomy = settle;
    });
    return this.#room;
  }

  close(error?: Error): void {
    this.#close(error, error === undefined);
  }

  #close(error: Error | undefined, says: boolean): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#pulse);
    clearTimeout(this.#patience);
    for (const flow of this.#flows.values()) {
      if (says) flow.end();
      else flow.destroy();
    }
    this.#unacknowledged.clear();
    this.#waiting = [];
    this.#inbox.close();
    this.#roomy();
    this.#settle(error);
  }

  #frame(kind: number, payload: Buffer): void {
    if (kind === FRAME.message) this.#inbox.take(payload);
    else if (kind === FRAME.acknowledge) this.#acknowledged(payload);
    else if (kind === FRAME.bye) this.#close(undefined, false);
    else if (kind !== FRAME.ping) throw new CopyError('protocol', `frame: kind ${kind} is not known`);
  }

  /** Everything below the first number, and each of the others, needs not be kept any more. */
  #acknowledged(payload: Buffer): void {
    if (payload.length < 4 || payload.length % 4 !== 0)
      throw new CopyError('protocol', `acknowledge: expected whole numbers, got ${payload.length} bytes`);
    const below = payload.readUInt32BE(0);
    // In order of the numbers, so the first one that is not below ends it.
    for (const seq of this.#unacknowledged.keys()) {
      if (seq >= below) break;
      this.#forget(seq);
    }
    for (let at = 4; at < payload.length; at += 4) this.#forget(payload.readUInt32BE(at));
  }

  #forget(seq: number): void {
    const sent = this.#unacknowledged.get(seq);
    if (sent === undefined) return;
    this.#unacknowledged.delete(seq);
    sent.onAcknowledged?.(sent.again);
  }

  #pump(): void {
    while (this.#waiting.length > 0) {
      const flow = this.#free();
      if (flow === undefined) return;
      const sent = this.#waiting.shift()!;
      // It was acknowledged while it waited to be sent again.
      if (!this.#unacknowledged.has(sent.seq)) continue;
      sent.flow = flow;
      flow.send(sent.head, sent.body);
    }
    this.#roomy();
    this.#room = undefined;
  }

  #lost(flow: Carrier): void {
    if (this.#flows.get(flow.number) === flow) this.#flows.delete(flow.number);
    if (this.#over) return;
    const again = [...this.#unacknowledged.values()].filter((sent) => sent.flow === flow);
    for (const sent of again) {
      sent.flow = undefined;
      sent.again = true;
    }
    this.#waiting = [...again, ...this.#waiting];
    if (this.#flows.size === 0) this.#wait();
    // What was acknowledged over it may not have arrived.
    this.#inbox.acknowledge();
    this.#pump();
  }

  #wait(): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      const since = `no connection for ${this.#timing.patience / 1000} s`;
      this.close(
        new CopyError('lost', this.#cause ? `${since}: ${messageOf(this.#cause)}` : since, this.#cause),
      );
    }, this.#timing.patience);
  }

  /** Flows take turns, so that none is idle while another one is full. */
  #free(): Carrier | undefined {
    const flows = [...this.#flows.values()];
    for (let i = 0; i < flows.length; i += 1) {
      const flow = flows[(this.#turn + i) % flows.length]!;
      if (!flow.free) continue;
      this.#turn = (this.#turn + i + 1) % flows.length;
      return flow;
    }
    return undefined;
  }

  #any(): Carrier | undefined {
    return this.#free() ?? this.#flows.values().next().value;
  }

  #beat(): void {
    const now = performance.now();
    for (const flow of this.#flows.values()) {
      if (now - flow.heardAt > this.#timing.stall) flow.destroy();
      else if (now - flow.saidAt > this.#timing.ping) flow.ping();
    }
  }
}
