import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One API call as it passed by. */
export interface Call {
  readonly server: 'ministack' | 'moto';
  /** Service of the signature, e.g. `dynamodb`, `elasticloadbalancing`. */
  readonly service: string;
  /** Name of the operation; of REST APIs `METHOD /path`. */
  readonly operation: string;
  readonly accessKey: string;
  /** What PutEvents carried. */
  readonly events?: readonly { readonly type: string; readonly detail: Record<string, unknown> }[];
  readonly status: number;
  /** The caller's policy does not allow it. */
  readonly refused: boolean;
}

export interface Recorder {
  readonly url: string;
  close(): Promise<void>;
}

/** Path under which a recorder tells, as JSON, what has passed by. */
const CALLS = '/_recorder/calls';

/** A proxy on loopback in front of a server: it changes nothing, and writes down who called what. */
export async function record(server: Call['server'], port: number): Promise<Recorder> {
  const calls: Call[] = [];
  const proxy = createServer((asked, answer) => {
    if (asked.url === CALLS) {
      answer.end(JSON.stringify(calls));
      return;
    }
    const parts: Buffer[] = [];
    asked.on('data', (part: Buffer) => parts.push(part));
    asked.on('end', () => {
      const body = Buffer.concat(parts);
      forward(asked, body, port, answer, (status, refused) =>
        calls.push({ server, ...described(asked, body), status, refused }),
      );
    });
  });
  await new Promise<void>((ready) => proxy.listen(0, '127.0.0.1', ready));
  // Step Functions and Lambda answer only when the function has ended.
  proxy.requestTimeout = 0;
  const { port: own } = proxy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${own}`, close: () => closed(proxy) };
}

function forward(
  asked: IncomingMessage,
  body: Buffer,
  port: number,
  answer: ServerResponse,
  seen: (status: number, refused: boolean) => void,
): void {
  const { method, url: path, headers } = asked;
  // The Host header stays as it was signed. A body that came in chunks goes on in one piece.
  // Bucket policies want TLS: the recorder stands where a load balancer would end it.
  const { 'transfer-encoding': _, ...kept } = { ...headers, 'x-forwarded-proto': 'https' };
  const onward = request(
    { host: '127.0.0.1', port, method, path, headers: { ...kept, 'content-length': body.length } },
    (got) => {
      const status = got.statusCode ?? 502;
      answer.writeHead(status, got.headers);
      got.pipe(answer);
      if (status !== 400) return seen(status, status === 403);
      // CloudWatch Logs and SSM refuse with 400, and say in the body what it is.
      const said: Buffer[] = [];
      got.on('data', (part: Buffer) => said.push(part));
      got.on('end', () => seen(status, Buffer.concat(said).includes('AccessDenied')));
    },
  );
  onward.on('error', (error) => {
    seen(502, false);
    answer.writeHead(502).end(String(error));
  });
  onward.end(body);
}

function described(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Omit<Call, 'server' | 'status' | 'refused'> {
  const [, accessKey = '', , , service = ''] =
    /Credential=([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\//.exec(headers.authorization ?? '') ?? [];
  const target = headers['x-amz-target'];
  const form = String(headers['content-type']).startsWith('application/x-www-form-urlencoded');
  const rpc = /^\/service\/\w+\/operation\/(\w+)$/.exec(url ?? '')?.[1];
  const operation =
    rpc ??
    (typeof target === 'string' ? target.split('.').at(-1) : undefined) ??
    (form ? new URLSearchParams(body.toString()).get('Action') : undefined) ??
    `${method} ${url}`;
  if (operation !== 'PutEvents') return { service, operation, accessKey };
  const { Entries } = JSON.parse(body.toString()) as { Entries: { DetailType: string; Detail: string }[] };
  const events = Entries.map(({ DetailType, Detail }) => ({ type: DetailType, detail: JSON.parse(Detail) }));
  return { service, operation, accessKey, events };
}

/** What has passed by at a recorder, oldest first. */
export async function callsAt(url: string): Promise<readonly Call[]> {
  return (await (await fetch(url + CALLS)).json()) as Call[];
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}
