import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TableAgents } from '../../../adapters/aws/hand-over/agents.ts';
import { Gateway, type GatewayParts } from '../../../agent/gateway/gateway.ts';
import type { SlotRule } from '../../../agent/gateway/key.ts';
import { Lease } from '../../../agent/gateway/lease.ts';
import { Peers } from '../../../agent/gateway/peers.ts';
import { SlotTable } from '../../../agent/gateway/slot-table.ts';
import { MemoryTable } from '../../model-aws/memory-table.ts';
import { ManualClock } from '../manual-clock.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Gateways of several slices in one process, each in front of an application that a test writes. */
export class GatewayStage {
  readonly clock = new ManualClock();
  readonly agents = new TableAgents(new MemoryTable());
  readonly peers = new Peers(this.agents, this.clock);
  readonly #servers: Server[] = [];
  readonly #gateways: Gateway[] = [];

  /** `i-1:8080`, `i-2:8080`, … in the order of the calls; the port is what the system gives. */
  async slice(
    app: Handler,
    rule: SlotRule = { count: 1 },
    more: Partial<GatewayParts> & { onRefresh?: (table: SlotTable) => void } = {},
  ) {
    const server = createServer(app);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const appPort = (server.address() as AddressInfo).port;
    const instance = `i-${this.#servers.length}`;
    const slice = `${instance}:8080`;
    const lease = new Lease(this.clock);
    lease.renew(this.clock.monotonic(), 30);
    const table = new SlotTable(slice, rule.count, lease);
    const gateway = new Gateway({
      port: 0,
      host: '127.0.0.1',
      app: { host: '127.0.0.1', port: appPort },
      rule,
      health: '/health',
      table,
      lease,
      peers: this.peers,
      clock: this.clock,
      refresh: async () => more.onRefresh?.(table),
      ...more,
    });
    this.#gateways.push(gateway);
    const port = await gateway.listen();
    await this.announce(instance, slice, port);
    const serve = (...slots: number[]) => {
      for (const slot of slots) table.serve(slot, 1, lease.term);
    };
    return { slice, instance, port, appPort, lease, table, gateway, server, serve };
  }

  async announce(instance: string, slice: string, port: number): Promise<void> {
    const at = this.clock.now();
    await this.agents.beat({
      instance,
      bootId: 'b',
      address: '127.0.0.1',
      transferPort: 1,
      at,
      leaseUntil: at + 30,
      slices: [{ slice, port, stateBytes: 0, dirtyBytesPerSecond: 0, metrics: {} }],
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#gateways.map((one) => one.close()));
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** One request. Rejects when the connection is cut before the answer is whole. */
export function ask(
  port: number,
  path = '/',
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Waits for something that real sockets do. */
export async function seen(what: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!what()) {
    if (performance.now() > end) throw new Error(`did not happen within 10 s: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** An application that says who it is and what it got. */
export const echo =
  (name: string): Handler =>
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name, method, url, headers, body: Buffer.concat(chunks).toString() }));
    });
  };
