import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AgentClock } from './clock.ts';
import { isSafe } from './exchange.ts';
import { HttpExchange } from './http-exchange.ts';
import { pathOf, type SlotRule } from './key.ts';
import type { Lease } from './lease.ts';
import { type GatewayLimits, LIMITS } from './limits.ts';
import type { Address, Peers } from './peers.ts';
import { Queue } from './queue.ts';
import { Replay } from './replay.ts';
import { type RouterParts, route } from './router.ts';
import type { SlotTable } from './slot-table.ts';
import { UpgradeExchange } from './upgrade-exchange.ts';

export interface GatewayParts {
  /** Where requests arrive: the slice's registered port. */
  readonly port: number;
  /** @default every address of the instance */
  readonly host?: string;
  readonly app: Address;
  readonly rule: SlotRule;
  /** Path of the health check: the application's own answer, as long as the lease lasts. */
  readonly health: string;
  readonly table: SlotTable;
  readonly lease: Lease;
  readonly peers: Peers;
  readonly clock: AgentClock;
  /** Reads again who holds the slots. */
  readonly refresh: () => Promise<void>;
  readonly limits?: Partial<GatewayLimits>;
}

/** ALB closes an idle connection after 60 s; who closes first would lose a request that is on its way. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS = 20_000;
/** An idle connection to the application is left before most servers would close it. */
const IDLE_MS = 4_000;
const NESTED = /\b(h2c?|http|tls)\b/i;

/**
 * The HTTP/1.1 reverse proxy in front of the application of one slice: serves the slots that the slice holds, and sends
 * on what others hold.
 *
 * Invariant: the application gets a request, and the client its answer, only under a {@link SlotTable} ticket.
 */
export class Gateway {
  readonly #parts: GatewayParts;
  readonly #server: Server;
  readonly #router: RouterParts;
  readonly #limits: GatewayLimits;
  readonly #replay: Replay;
  readonly #upgraded = new Set<Duplex>();
  readonly #appAgent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  readonly #peerAgent = new Agent({ keepAlive: true, timeout: IDLE_MS });

  constructor(parts: GatewayParts) {
    const { rule, table, peers, clock, app, refresh } = parts;
    this.#parts = parts;
    this.#limits = { ...LIMITS, ...parts.limits };
    this.#replay = new Replay(this.#limits);
    const queue = new Queue(this.#limits);
    const agents = { appAgent: this.#appAgent, peerAgent: this.#peerAgent };
    this.#router = { rule, table, peers, clock, app, refresh, queue, limits: this.#limits, ...agents };
    this.#server = createServer(
      {
        maxHeaderSize: this.#limits.headerBytes,
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: HEADERS_MS,
        requestTimeout: 0,
        // HTTP within HTTP would carry requests that nobody brings to their slots: it stays an ordinary request.
        shouldUpgradeCallback: ({ headers }) => !NESTED.test(headers.upgrade ?? ''),
      },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = this.#limits.connections;
    this.#server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
    this.#server.on('clientError', (error, socket) => refuseBad(error, socket as Socket));
  }

  /** Resolves with the port. @throws when it is taken. */
  async listen(): Promise<number> {
    const { port, host = '0.0.0.0' } = this.#parts;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Requests that wait now. */
  get held(): number {
    return this.#router.queue.held;
  }

  /** Takes no more, and cuts what is left. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    this.#appAgent.destroy();
    this.#peerAgent.destroy();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away is seen by `close`.
    request.on('error', () => request.destroy());
    response.on('error', () => response.destroy());
    const exchange = new HttpExchange(request, response, this.#replay);
    // What changes something needs a ticket, wherever it goes.
    if (pathOf(request) !== this.#parts.health || !isSafe(request)) return route(exchange, this.#router);
    if (this.#parts.lease.term === undefined)
      return exchange.refuse({ status: 503, why: 'the lease of this instance has ended' });
    const outcome = await exchange.plain(this.#parts.app, this.#appAgent).catch(() => 'broken' as const);
    if (outcome !== 'answered') exchange.refuse({ status: 503, why: 'the application does not answer' });
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    await route(new UpgradeExchange(request, socket, head), this.#router);
  }
}

function refuseBad(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
