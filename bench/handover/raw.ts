import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { offer } from './child.ts';

/** One raw TCP stream: what anything else on the link is measured against. */
const CHUNK = randomBytes(1024 * 1024);

const offered = {
  /** Takes so many bytes from one connection, and answers one. */
  async receive(bytes: number): Promise<number> {
    const server = createServer((socket) => {
      let got = 0;
      socket.on('data', ({ length }) => {
        got += length;
        if (got >= bytes) socket.end('.');
      });
      server.close();
    });
    await new Promise<void>((settle) => server.listen(0, settle));
    return (server.address() as { port: number }).port;
  },
  async send(host: string, port: number, bytes: number): Promise<number> {
    const from = performance.now();
    const socket = connect(port, host);
    const over = new Promise((settle, fail) => socket.once('data', settle).once('error', fail));
    for (let left = bytes; left > 0; left -= CHUNK.length)
      if (!socket.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK))
        await new Promise((settle) => socket.once('drain', settle));
    await over;
    return (performance.now() - from) / 1000;
  },
};
export type RawCalls = typeof offered;
offer(offered);
