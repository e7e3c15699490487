import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands for the instance metadata service: version 2 only, with the entries that a test puts in. */
export class FakeImds {
  readonly entries = new Map<string, string>([
    ['meta-data/instance-id', 'i-1'],
    ['meta-data/local-ipv4', '127.0.0.1'],
    ['meta-data/placement/region', 'eu-west-1'],
  ]);
  /** Answers everything with this status. */
  broken: number | undefined;
  /** Requests with each token; a token that is not here is refused. */
  readonly tokens = new Map<string, number>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeImds> {
    const server = createServer((request, response) => {
      const say = (status: number, body = '') => response.writeHead(status).end(body);
      if (imds.broken) return say(imds.broken);
      const path = request.url!.replace('/latest/', '');
      if (path === 'api/token') {
        if (request.method !== 'PUT' || !request.headers['x-aws-ec2-metadata-token-ttl-seconds'])
          return say(400);
        const token = `token-${imds.tokens.size}`;
        imds.tokens.set(token, 0);
        return say(200, token);
      }
      const token = String(request.headers['x-aws-ec2-metadata-token']);
      const uses = imds.tokens.get(token);
      if (uses === undefined) return say(401);
      imds.tokens.set(token, uses + 1);
      const entry = imds.entries.get(path);
      return entry === undefined ? say(404) : say(200, entry);
    });
    const imds = new FakeImds(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return imds;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** All tokens so far are over, as after a stop and a start. */
  forget(): void {
    for (const token of this.tokens.keys()) this.tokens.delete(token);
  }

  interrupt(time: string): void {
    this.entries.set('meta-data/spot/instance-action', JSON.stringify({ action: 'terminate', time }));
  }

  recommend(noticeTime: string): void {
    this.entries.set('meta-data/events/recommendations/rebalance', JSON.stringify({ noticeTime }));
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
