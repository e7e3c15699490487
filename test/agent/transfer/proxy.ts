import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP link that misbehaves as told. */
export class BadLink {
  readonly #to: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** Bytes from the client so far, of all connections. */
  bytes = 0;
  connections = 0;
  /** Called for each piece from the client; what it returns goes on. */
  onData: (data: Buffer, total: number) => Buffer = (data) => data;
  refuses = false;
  /** Nothing goes through any more, but the connections stay. */
  silent = false;

  constructor(to: number) {
    this.#to = to;
    this.#server = createServer((socket) => this.#take(socket));
  }

  listen(): Promise<number> {
    return new Promise((settle) => {
      this.#server.listen(0, '127.0.0.1', () => settle((this.#server.address() as { port: number }).port));
    });
  }

  /** Cuts every connection that there is. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((settle) => this.#server.close(settle));
  }

  #take(near: Socket): void {
    this.connections += 1;
    if (this.refuses) {
      near.destroy();
      return;
    }
    const far = connect(this.#to, '127.0.0.1');
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
    near.on('data', (data: Buffer) => {
      this.bytes += data.length;
      if (!this.silent) far.write(this.onData(data, this.bytes));
    });
    far.on('data', (data: Buffer) => {
      if (!this.silent) near.write(data);
    });
  }
}
