import { type Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import {
  type Exchange,
  isIdempotent,
  isSafe,
  isUnreachable,
  limitConnect,
  type Outcome,
} from './exchange.ts';
import { EPOCH, HOP, NOT_HOLDER, passedOn, SLOT } from './headers.ts';
import type { Address } from './peers.ts';
import { type Refusal, refusalParts } from './refusal.ts';
import type { Replay } from './replay.ts';
import type { Ticket } from './ticket.ts';

interface Way {
  readonly to: Address;
  readonly agent: Agent;
  readonly added: readonly string[];
  readonly ticket?: Ticket;
}

/** One request and its answer; bodies are streamed, except small ones that may have to be sent twice. */
export class HttpExchange implements Exchange {
  readonly request: IncomingMessage;
  readonly over: AbortSignal;
  readonly #response: ServerResponse;
  readonly #replay: Replay;
  #body: Promise<Buffer> | undefined;
  #streamed = false;

  constructor(request: IncomingMessage, response: ServerResponse, replay: Replay) {
    this.request = request;
    this.#response = response;
    this.#replay = replay;
    const over = new AbortController();
    this.over = over.signal;
    response.once('close', () => over.abort(new Error('the client has gone, or has its answer')));
  }

  mayRepeat(after: Outcome): boolean {
    if (this.#response.headersSent || this.#streamed) return false;
    if (after === 'fenced') return isSafe(this.request);
    return after === 'not-holder' || after === 'unreachable';
  }

  async toApp(to: Address, ticket: Ticket, agent: Agent): Promise<Outcome> {
    const added = [SLOT, `${ticket.slot}`, EPOCH, `${ticket.epoch}`];
    const outcome = await this.#send({ to, agent, added, ticket });
    ticket.end();
    return outcome;
  }

  async toHolder(to: Address, agent: Agent): Promise<Outcome> {
    if (this.#body !== undefined || this.#mayBuffer()) await this.#buffered();
    return this.#send({ to, agent, added: [HOP, '1'] });
  }

  /** To the application outside of any slot, e.g. for its health. */
  async plain(to: Address, agent: Agent): Promise<Outcome> {
    return this.#send({ to, agent, added: [] });
  }

  refuse(refusal: Refusal): void {
    const response = this.#response;
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const { headers, body } = refusalParts(refusal);
    // What is left of the request's body is not read.
    if (!this.request.complete) headers.push('connection', 'close');
    response.writeHead(refusal.status, headers).end(this.request.method === 'HEAD' ? undefined : body);
  }

  get #hasBody(): boolean {
    const { headers } = this.request;
    return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  }

  /** Takes the room for it, until the client has its answer or has gone. */
  #mayBuffer(): boolean {
    const { headers } = this.request;
    if (headers['transfer-encoding'] !== undefined || this.#streamed || this.over.aborted) return false;
    const give = this.#replay.take(Number(headers['content-length'] ?? 0));
    if (give !== undefined) this.over.addEventListener('abort', give, { once: true });
    return give !== undefined;
  }

  #buffered(): Promise<Buffer> {
    this.#body ??= (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of this.request) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    })();
    return this.#body;
  }

  async #send(way: Way): Promise<Outcome> {
    let body: Buffer | undefined;
    try {
      body = this.#body === undefined ? undefined : await this.#body;
    } catch {
      // The client has gone in the middle of its body: there is nobody to answer.
      return 'broken';
    }
    const first = await this.#try(way, body);
    if (first !== 'stale') return first;
    const second = await this.#try(way, body);
    return second === 'stale' ? 'broken' : second;
  }

  /** `stale`: the other side had closed the kept connection; nothing was answered, and a repeat does no harm. */
  #try({ to, agent, added, ticket }: Way, body: Buffer | undefined): Promise<Outcome | 'stale'> {
    const { request } = this;
    const response = this.#response;
    const headers = passedOn(request.rawHeaders, request.headers.connection);
    if (request.headers['transfer-encoding'] !== undefined) headers.push('transfer-encoding', 'chunked');
    else if (request.headers['content-length'] === undefined && !isSafe(request))
      headers.push('content-length', '0');
    headers.push(...added);
    return new Promise((resolve) => {
      const { method, url: path } = request;
      const up = httpRequest({ host: to.host, port: to.port, method, path, headers, agent, setHost: false });
      limitConnect(up);
      let isFenced = false;
      const gone = () => up.destroy();
      const settle = (outcome: Outcome | 'stale') => {
        this.over.removeEventListener('abort', gone);
        request.unpipe(up);
        resolve(outcome);
      };
      ticket?.onFenced(() => {
        isFenced = true;
        up.destroy();
        // An answer that has begun is cut: its end would say more than is known.
        if (response.headersSent) response.destroy();
        settle('fenced');
      });
      if (isFenced) return;
      if (this.over.aborted) gone();
      this.over.addEventListener('abort', gone, { once: true });
      up.once('error', (error) => {
        if (response.headersSent) response.destroy();
        if (isUnreachable(error)) settle('unreachable');
        else if (up.reusedSocket && !response.headersSent && isIdempotent(request) && !this.#streamed)
          settle('stale');
        else settle('broken');
      });
      let isAnswered = false;
      up.once('close', () => {
        if (!isAnswered) settle('broken');
      });
      up.once('response', (answer) => {
        isAnswered = true;
        // Of another gateway only: an application that says so may have done it.
        if (ticket === undefined && answer.headers[NOT_HOLDER] !== undefined) {
          answer.resume();
          return settle('not-holder');
        }
        if (ticket !== undefined && !ticket.lasts) {
          up.destroy();
          return settle('fenced');
        }
        try {
          begin(response, answer);
        } catch {
          // No answer that could be passed on; the application's fault, and not the end of the agent.
          response.statusMessage = '';
          up.destroy();
          return settle('broken');
        }
        pipeline(answer, response, (error) => {
          if (error) response.destroy();
          // The rest of a body that the application did not want to read.
          else if (!request.complete) request.resume();
          settle('answered');
        });
      });
      if (body !== undefined) up.end(body);
      else if (this.#hasBody) this.#stream(up);
      else up.end();
    });
  }

  /** Not before there is a connection: until then the request may still go elsewhere. */
  #stream(up: ReturnType<typeof httpRequest>): void {
    up.once('socket', (socket) => {
      const begin = () => {
        this.#streamed = true;
        this.request.pipe(up);
      };
      if (socket.connecting) socket.once('connect', begin);
      else begin();
    });
  }
}

/** @throws {Error} when its status line is none that HTTP allows */
function begin(
  response: ServerResponse,
  { statusCode = 0, statusMessage, rawHeaders, headers }: IncomingMessage,
) {
  // Nobody has asked to switch protocols.
  if (statusCode < 200) throw new RangeError(`status: expected 200 to 999, got ${statusCode}`);
  response.writeHead(statusCode, statusMessage, passedOn(rawHeaders, headers.connection));
}
