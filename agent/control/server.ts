import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Log } from '../log.ts';
import { type ControlAnswer, type ControlRequest, MOST_REQUEST, requestSchema } from './protocol.ts';

/** Carries one command out. @returns what to print; its error becomes the answer's. */
export type Handle = (request: ControlRequest) => Promise<string>;

/** The commands of this host: a socket in a folder that root alone enters. */
export class ControlServer {
  readonly #path: string;
  readonly #handle: Handle;
  readonly #log: Log;
  #server: Server | undefined;

  constructor(path: string, handle: Handle, log: Log) {
    this.#path = path;
    this.#handle = handle;
    this.#log = log;
  }

  /** @throws what the socket throws */
  async start(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    // Of an agent that was killed; systemd lets no second one run.
    await rm(this.#path, { force: true });
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#path, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => this.#log.error('control-failed', { error }));
    await chmod(this.#path, 0o600);
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    let text = '';
    socket.setEncoding('utf8');
    // Whoever asks has gone: there is nobody to tell.
    socket.on('error', () => socket.destroy());
    socket.setTimeout(10_000, () => socket.destroy());
    // Whoever ends without a whole line asks nothing; after one this does nothing, since the answer ends the socket.
    socket.on('end', () => {
      if (!text.includes('\n')) socket.end();
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MOST_REQUEST) return this.#answer(socket, { ok: false, error: 'request too long' });
      const end = text.indexOf('\n');
      if (end < 0) return;
      socket.removeAllListeners('data').resume();
      socket.setTimeout(0);
      void this.#carryOut(text.slice(0, end)).then((answer) => this.#answer(socket, answer));
    });
  }

  async #carryOut(line: string): Promise<ControlAnswer> {
    try {
      return { ok: true, output: await this.#handle(requestSchema.parse(JSON.parse(line))) };
    } catch (error) {
      this.#log.warn('command-failed', { line, error });
      return { ok: false, error: (error as Error).message };
    }
  }

  #answer(socket: Socket, answer: ControlAnswer): void {
    socket.removeAllListeners('data');
    if (!socket.destroyed) socket.end(`${JSON.stringify(answer)}\n`);
  }
}
