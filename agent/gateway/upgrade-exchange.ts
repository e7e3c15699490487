import { type Agent, request as httpRequest, type IncomingMessage, STATUS_CODES } from 'node:http';
import { type Duplex, pipeline } from 'node:stream';
import { type Exchange, isUnreachable, limitConnect, type Outcome } from './exchange.ts';
import { EPOCH, HOP, NOT_HOLDER, passedOn, SLOT } from './headers.ts';
import type { Address } from './peers.ts';
import { type Refusal, refusalParts } from './refusal.ts';
import type { Ticket } from './ticket.ts';

/**
 * A request that becomes a connection of its own (a WebSocket). It is cut when its slot leaves this slice: the client
 * connects again and gets to the new holder.
 */
export class UpgradeExchange implements Exchange {
  readonly request: IncomingMessage;
  readonly over: AbortSignal;
  readonly #socket: Duplex;
  readonly #head: Buffer;
  #isAnswered = false;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.request = request;
    this.#socket = socket;
    this.#head = head;
    const over = new AbortController();
    this.over = over.signal;
    socket.once('close', () => over.abort(new Error('the client has gone')));
    // Its end is what matters, and `close` follows.
    socket.on('error', () => socket.destroy());
  }

  mayRepeat(after: Outcome): boolean {
    return !this.#isAnswered && after !== 'broken' && after !== 'answered';
  }

  async toApp(to: Address, ticket: Ticket): Promise<Outcome> {
    ticket.detach();
    const outcome = await this.#send(to, [SLOT, `${ticket.slot}`, EPOCH, `${ticket.epoch}`], ticket);
    ticket.end();
    return outcome;
  }

  toHolder(to: Address, _agent: Agent): Promise<Outcome> {
    return this.#send(to, [HOP, '1']);
  }

  refuse(refusal: Refusal): void {
    const { headers, body } = refusalParts(refusal);
    if (this.#isAnswered) this.#socket.destroy();
    else this.#socket.end(`${headOf(refusal.status, undefined, [...headers, 'connection', 'close'])}${body}`);
    this.#isAnswered = true;
  }

  #send(to: Address, added: readonly string[], ticket?: Ticket): Promise<Outcome> {
    const { request } = this;
    const socket = this.#socket;
    const { method, url: path, rawHeaders, headers: asked } = request;
    const headers = passedOn(rawHeaders, asked.connection);
    headers.push('connection', 'upgrade', 'upgrade', asked.upgrade ?? '', ...added);
    return new Promise((resolve) => {
      const up = httpRequest({
        host: to.host,
        port: to.port,
        method,
        path,
        headers,
        agent: false,
        setHost: false,
      });
      limitConnect(up);
      const gone = () => up.destroy();
      const settle = (outcome: Outcome) => {
        this.over.removeEventListener('abort', gone);
        resolve(outcome);
      };
      let cut = () => {
        up.destroy();
        settle('fenced');
      };
      ticket?.onFenced(() => cut());
      if (this.over.aborted) gone();
      this.over.addEventListener('abort', gone, { once: true });
      up.once('error', (error) => settle(isUnreachable(error) ? 'unreachable' : 'broken'));
      up.once('response', (answer) => {
        if (ticket === undefined && answer.headers[NOT_HOLDER] !== undefined) {
          up.destroy();
          return settle('not-holder');
        }
        // It does not want to: its answer is passed on, and the connection ends with it.
        this.#isAnswered = true;
        const kept = passedOn(answer.rawHeaders, answer.headers.connection);
        socket.write(
          headOf(answer.statusCode ?? 502, answer.statusMessage, [...kept, 'connection', 'close']),
        );
        pipeline(answer, socket, () => settle('answered'));
      });
      up.end();
      up.once('upgrade', (answer, other, first) => {
        if (ticket !== undefined && !ticket.lasts) {
          other.destroy();
          return settle('fenced');
        }
        this.#isAnswered = true;
        cut = () => {
          other.destroy();
          socket.destroy();
        };
        const kept = passedOn(answer.rawHeaders, answer.headers.connection);
        const upgraded = ['connection', 'upgrade', 'upgrade', answer.headers.upgrade ?? asked.upgrade ?? ''];
        socket.write(headOf(101, answer.statusMessage, [...kept, ...upgraded]));
        if (first.length > 0) socket.write(first);
        if (this.#head.length > 0) other.write(this.#head);
        pipeline(other, socket, cut);
        pipeline(socket, other, () => {
          cut();
          settle('answered');
        });
      });
    });
  }
}

function headOf(status: number, message = STATUS_CODES[status], headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} ${message}`];
  for (let i = 0; i + 1 < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
