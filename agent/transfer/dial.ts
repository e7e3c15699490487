import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { CopyError, messageOf } from './errors.ts';
import { FRAME, FrameReader, frameHead } from './frames.ts';
import { clientTls, knockOf, WELCOME_BYTE } from './knock.ts';
import { metaOf } from './messages.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Dial extends Address {
  readonly id: string;
  readonly secret: Uint8Array;
  readonly flow: number;
  /** Names the copy, so that a connection that comes again finds it. */
  readonly nonce: Buffer;
  /** Whether the copy may begin with this connection. */
  readonly fresh: boolean;
  /** For all of it (ms). */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Connection {
  readonly socket: TLSSocket;
  readonly reader: FrameReader;
}

/**
 * Connects one flow: knock, TLS, hello.
 * @throws {CopyError} `unreachable`, `refused`, or `lost` when the other end has forgotten the copy
 */
export async function dial(to: Dial): Promise<Connection> {
  const knock = knockOf(to.id);
  const raw = connectTcp({ host: to.host, port: to.port, noDelay: true });
  const timer = setTimeout(() => {
    const said = raw.connecting ? 'unreachable' : 'refused';
    raw.destroy(new CopyError(said, `${to.host}:${to.port}: no answer within ${to.timeout} ms`));
  }, to.timeout);
  const stop = () => raw.destroy(new CopyError('aborted', messageOf(to.signal?.reason)));
  to.signal?.addEventListener('abort', stop);
  try {
    if (to.signal?.aborted) stop();
    await reached(raw, to);
    raw.write(knock);
    await opened(raw, to);
    const socket = connectTls({ socket: raw, ...clientTls(to.secret, to.id, to.flow) });
    return await greeted(socket, to);
  } catch (error) {
    raw.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    to.signal?.removeEventListener('abort', stop);
  }
}

const at = ({ host, port }: Address) => `${host}:${port}`;
const failure = (code: 'unreachable' | 'refused', to: Address, error: unknown) =>
  error instanceof CopyError ? error : new CopyError(code, `${at(to)}: ${messageOf(error)}`, error);

async function reached(socket: Socket, to: Address): Promise<void> {
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw failure('unreachable', to, error);
  }
}

/** The target's word that it knows the hand-over. */
function opened(socket: Socket, to: Address): Promise<void> {
  return new Promise((settle, fail) => {
    const refuse = (error?: unknown) =>
      fail(failure('refused', to, error ?? 'the other agent does not know the hand-over'));
    socket.once('error', refuse);
    socket.once('close', () => refuse());
    socket.once('data', (data: Buffer) => {
      socket.pause();
      if (data.length !== 1 || data[0] !== WELCOME_BYTE) return refuse('no agent answers there');
      socket.removeAllListeners('error').removeAllListeners('close');
      settle();
    });
  });
}

function greeted(socket: TLSSocket, to: Dial): Promise<Connection> {
  return new Promise((settle, fail) => {
    const reader = new FrameReader();
    const refuse = (error?: unknown) => {
      socket.destroy();
      fail(failure('refused', to, error ?? 'the other agent ended the connection'));
    };
    const gone = () => refuse();
    socket.once('secureConnect', () => {
      const hello = { nonce: to.nonce.toString('hex'), fresh: to.fresh };
      socket.write(frameHead(FRAME.hello, Buffer.from(JSON.stringify(hello))));
    });
    const take = (data: Buffer) => {
      try {
        reader.push(data, (kind, payload) => {
          if (kind !== FRAME.welcome)
            throw new CopyError('protocol', `frame: expected a welcome, got ${kind}`);
          const { error } = metaOf({ meta: payload });
          if (error !== undefined) throw new CopyError('lost', String(error));
          socket.pause().off('error', refuse).off('close', gone).off('data', take);
          settle({ socket, reader });
        });
      } catch (error) {
        refuse(error);
      }
    };
    socket.on('error', refuse).on('close', gone).on('data', take);
  });
}
