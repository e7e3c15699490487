import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ADMISSION, Admission, type AdmissionLimits } from './admission.ts';
import { TIMING, type Timing } from './channel.ts';
import { CopyError, copyError, messageOf } from './errors.ts';
import { FRAME, FrameReader, frameHead } from './frames.ts';
import { IncomingCopies } from './incoming-copies.ts';
import { checkSecret } from './keys.ts';
import { readKnock, serverTls, WELCOME_BYTE } from './knock.ts';
import { metaOf } from './messages.ts';
import type { Accepted, Lookup } from './types.ts';

export interface CopyServerOptions {
  readonly lookup: Lookup;
  readonly limits?: AdmissionLimits;
  readonly timing?: Timing;
  /** From the connection to its hello (ms). @default 5000 */
  readonly handshake?: number;
  /** A connection has proved to be of this hand-over. */
  readonly onCopy?: (id: string) => void;
  /** Why a connection was refused; strangers cause as much of it as they like. */
  readonly onRefused?: (why: Refusal, message: string) => void;
}

/** `busy`, `rate`: {@link AdmissionLimits}; `lookup`: it could not be looked up. */
export type Refusal = 'busy' | 'knock' | 'rate' | 'unknown' | 'lookup' | 'handshake' | 'hello';

/**
 * Takes copies in. Whoever cannot prove to be the other agent of a hand-over gets a closed socket, and has cost a
 * bounded number of bytes and milliseconds.
 */
export class CopyServer {
  readonly #options: CopyServerOptions;
  readonly #admission: Admission;
  readonly #copies: IncomingCopies;
  readonly #server: Server;
  readonly #pending = new Set<Socket>();
  /** Connections refused so far. */
  readonly refused: Record<Refusal, number> = {
    busy: 0,
    knock: 0,
    rate: 0,
    unknown: 0,
    lookup: 0,
    handshake: 0,
    hello: 0,
  };

  constructor(options: CopyServerOptions) {
    this.#options = options;
    this.#admission = new Admission(options.limits ?? ADMISSION);
    this.#copies = new IncomingCopies(options.timing ?? TIMING);
    this.#server = createServer({ noDelay: true }, (socket) => this.#take(socket));
  }

  /** @param port 0: any. @returns the port */
  listen(port: number, host?: string): Promise<number> {
    return new Promise((settle, fail) => {
      this.#server.once('error', fail);
      this.#server.listen({ port, host }, () => {
        this.#server.off('error', fail);
        settle((this.#server.address() as { port: number }).port);
      });
    });
  }

  /** Ends all copies that are under way. */
  async close(): Promise<void> {
    const closed = new Promise((settle) => this.#server.close(settle));
    for (const socket of this.#pending) socket.destroy();
    await this.#copies.close(new CopyError('lost', 'the agent stops'));
    await closed;
  }

  /** Copies that are under way. */
  get copies(): number {
    return this.#copies.size;
  }

  #take(raw: Socket): void {
    const address = raw.remoteAddress ?? '';
    // A stranger's reset is nothing to stop for.
    raw.on('error', () => undefined);
    if (!this.#admission.enter(address)) {
      this.#refuse(raw, 'busy', 'too many connections');
      return;
    }
    this.#pending.add(raw);
    const timer = setTimeout(() => raw.destroy(), this.#options.handshake ?? 5000);
    void this.#admit(raw, address).finally(() => {
      clearTimeout(timer);
      this.#pending.delete(raw);
      this.#admission.left(address);
    });
  }

  async #admit(raw: Socket, address: string): Promise<void> {
    const id = await readKnock(raw);
    if (id === undefined) return this.#refuse(raw, 'knock', 'no knock');
    if (!this.#admission.knock(address, performance.now() / 1000))
      return this.#refuse(raw, 'rate', `too many knocks from ${address}`);
    let accepted: Accepted | undefined;
    try {
      accepted = await this.#options.lookup(id);
      // Found out within the handshake, it would end the process.
      if (accepted !== undefined) checkSecret(accepted.secret);
    } catch (error) {
      return this.#refuse(raw, 'lookup', `${id}: ${messageOf(error)}`);
    }
    if (accepted === undefined) return this.#refuse(raw, 'unknown', `no hand-over ${id}`);
    // TLS on a socket that is closed never says so.
    if (raw.destroyed) return this.#refuse(raw, 'handshake', `${id}: gone before it was looked up`);
    raw.write(Uint8Array.of(WELCOME_BYTE));
    try {
      await this.#greet(raw, id, accepted);
    } catch (error) {
      this.#refuse(raw, error instanceof CopyError ? 'hello' : 'handshake', `${id}: ${messageOf(error)}`);
    }
  }

  /** TLS, then the hello, then the copy that it is about. */
  async #greet(raw: Socket, id: string, accepted: Accepted): Promise<void> {
    let flow = -1;
    const tls = serverTls(accepted.secret, id, (number) => {
      flow = number;
    });
    const socket = new TLSSocket(raw, tls);
    const reader = new FrameReader();
    const hello = await helloOf(socket, reader);
    try {
      await this.#copies.attach({ id, accepted, flow, socket, reader, ...hello });
    } catch (error) {
      const answer = { error: messageOf(error) };
      socket.write(frameHead(FRAME.welcome, Buffer.from(JSON.stringify(answer))));
      socket.destroySoon();
      throw copyError('lost', error);
    }
    this.#options.onCopy?.(id);
  }

  #refuse(socket: Socket, why: Refusal, message: string): void {
    this.refused[why] += 1;
    if (why !== 'hello') socket.destroy();
    this.#options.onRefused?.(why, message);
  }
}

/** The first frame. Nothing may follow before the welcome. */
function helloOf(socket: TLSSocket, reader: FrameReader): Promise<{ nonce: string; fresh: boolean }> {
  return new Promise((settle, fail) => {
    const gone = () => fail(new Error('ended before the hello'));
    const take = (data: Buffer) => {
      try {
        reader.push(data, (kind, payload) => {
          const { nonce, fresh } = metaOf({ meta: payload });
          if (kind !== FRAME.hello || typeof nonce !== 'string' || !/^[0-9a-f]{32}$/.test(nonce))
            throw new CopyError('protocol', `frame: expected a hello, got ${kind}`);
          socket.pause().off('close', gone).off('data', take);
          settle({ nonce, fresh: fresh === true });
        });
      } catch (error) {
        socket.destroy();
        fail(error);
      }
    };
    socket.on('error', fail).on('close', gone).on('data', take);
  });
}
