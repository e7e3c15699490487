import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Address } from './peers.ts';
import type { Refusal } from './refusal.ts';
import type { Ticket } from './ticket.ts';

/**
 * How one try to have a request answered ended.
 * - `answered`: the client has an answer, or has at least its beginning.
 * - `not-holder`: the other gateway has refused it before anything saw it.
 * - `unreachable`: nothing was sent.
 * - `fenced`: the application may have done it, its answer was held back.
 * - `broken`: whether it was done is not known.
 */
export type Outcome = 'answered' | 'not-holder' | 'unreachable' | 'fenced' | 'broken';

/** A request on its way through the gateway: an ordinary one, or one that becomes a connection of its own. */
export interface Exchange {
  readonly request: IncomingMessage;
  /** Aborted when the client has gone, or has its answer. */
  readonly over: AbortSignal;
  /** Whether another try may follow this outcome. */
  mayRepeat(after: Outcome): boolean;
  /** To the application of this slice. */
  toApp(app: Address, ticket: Ticket, agent: Agent): Promise<Outcome>;
  /** To the gateway of another slice. */
  toHolder(holder: Address, agent: Agent): Promise<Outcome>;
  refuse(refusal: Refusal): void;
}

/** RFC 9110, 9.2.1 and 9.2.2. */
export const isSafe = ({ method }: IncomingMessage) =>
  method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
export const isIdempotent = (request: IncomingMessage) =>
  isSafe(request) || request.method === 'PUT' || request.method === 'DELETE';

/** Seconds until a host that does not answer at all counts as gone. */
const CONNECT = 2;

/** Nothing was sent: the connection did not come about. */
export const isUnreachable = (error: Error) => (error as NodeJS.ErrnoException).syscall === 'connect';

/** Gives up a connection that does not come about; the kernel would try for minutes. */
export function limitConnect(request: ClientRequest): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => {
      const error: NodeJS.ErrnoException = new Error(`connect: expected within ${CONNECT} s, got no answer`);
      error.syscall = 'connect';
      request.destroy(error);
    }, CONNECT * 1000);
    const stop = () => clearTimeout(timer);
    socket.once('connect', stop);
    socket.once('close', stop);
  });
}
