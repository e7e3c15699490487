import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Seconds } from '../../core/time.ts';

/** One line to haproxy's runtime API (several commands with `;` between them), and all that it says. */
export type Ask = (line: string) => Promise<string>;

const LONGEST: Seconds = 5;

/** The runtime API behind its Unix socket. A call throws {Error} with the line when it gets no whole answer within 5 s. */
export function haproxyAt(socket: string): Ask {
  return async (line) => {
    const connection = createConnection({ path: socket });
    connection.setTimeout(LONGEST * 1000, () =>
      connection.destroy(new Error(`no answer within ${LONGEST} s`)),
    );
    connection.end(`${line}\n`);
    try {
      return await text(connection);
    } catch (cause) {
      throw new Error(`haproxy at ${socket}: ${line}: ${(cause as Error).message}`, { cause });
    }
  };
}
