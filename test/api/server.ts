import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ReserveRequests } from '../../adapters/aws/reserve-requests.ts';
import { vmShardRequestSchema } from '../../core/vm/shard.ts';
import { T0 } from '../world/fixtures.ts';
import { Stage } from './stage.ts';

export interface ApiServer {
  readonly url: string;
  readonly stage: Stage;
  close(): Promise<void>;
}

/**
 * The API behind HTTP on loopback, as the gateway has it in front: a request that is not signed gets 403 and never
 * reaches the function. What a signature says is IAM's to judge, and is not looked at here.
 */
export async function startApi(): Promise<ApiServer> {
  const stage = new Stage();
  await stage.seed();
  await seedExamples(stage);
  const server = createServer((request, response) => {
    answer(stage, request).then(
      ({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type });
        response.end(JSON.stringify(body));
      },
      (error: Error) => response.destroy(error),
    );
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stage,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** What the document gives as examples is there, so that requests made from them come to more than 404. */
async function seedExamples({ table, parts: { vm } }: Stage): Promise<void> {
  const shard = vmShardRequestSchema.parse({ shardID: 'cart', applicationComponent: 'search' });
  await vm.allocate('i-0123456789abcdef0', [shard], undefined);
  const example = { id: '0b6f3c1e-8a51-4a6e-9d0c-6a3c4c1f2b77', shard: 'cart', count: 1, until: T0 + 3600 };
  await new ReserveRequests(table).put(example, T0, 'ann');
}

const JSON_TYPE = 'application/json';

async function answer(stage: Stage, request: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { authorization = '' } = request.headers;
  if (!authorization.startsWith('AWS4-HMAC-SHA256 '))
    return { status: 403, type: JSON_TYPE, body: { message: 'Forbidden' } };
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(',')]),
  );
  const text = Buffer.concat(chunks).toString('utf8');
  return stage.ask({
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers,
    ...(text !== '' && { body: text }),
  });
}
