import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handler } from '../../lambdas/route-sync/handler.ts';

describe('the handler of route-sync, over real HTTP', () => {
  let server: Server;
  const got: { request: IncomingMessage; body: string }[] = [];
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      got.push({ request, body });
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const context = {
    functionName: 'foreshard-my-shop-route-sync',
    getRemainingTimeInMillis: () => 60_000,
  } as Context;

  it('answers CloudFormation also where its environment is not complete', async () => {
    const request = {
      RequestType: 'Create',
      ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer?signature=x`,
      StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/x/1',
      RequestId: 'request-1',
      LogicalResourceId: 'Routes',
      ResourceType: 'Custom::ForeshardRoutes',
      ResourceProperties: { ServiceToken: 'arn', bucket: 'b', key: 'k' },
    };
    expect(await handler(request, context)).toMatchObject({ outcome: 'FAILED' });
    expect(got).toHaveLength(1);
    const [{ request: put, body }] = got as [(typeof got)[number]];
    expect([put.method, put.url]).toEqual(['PUT', '/answer?signature=x']);
    // The URL is signed for no content type.
    expect(put.headers['content-type'] ?? '').toBe('');
    expect(Number(put.headers['content-length'])).toBe(Buffer.byteLength(body));
    expect(JSON.parse(body)).toEqual({
      Status: 'FAILED',
      Reason: expect.stringMatching(
        /^RangeError: environment of route-sync: expected a value for SERVICE, TABLE/,
      ),
      PhysicalResourceId: 'foreshard-my-shop-routes',
      StackId: request.StackId,
      RequestId: 'request-1',
      LogicalResourceId: 'Routes',
    });
  });

  it('fails as any function does where nobody waits for an answer', async () => {
    await expect(handler({}, context)).rejects.toThrow(/environment of route-sync/);
    expect(got).toHaveLength(1);
  });
});
