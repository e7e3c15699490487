import { beforeEach, describe, expect, it } from 'vitest';
import { problemSchema } from '../../core/api/problem.ts';
import { environmentOf } from '../../lambdas/environment.ts';
import { eventOf } from '../api/gateway.ts';
import { Stage } from '../api/stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = new Stage();
  await stage.seed();
});

const RESERVE = { shardID: 'cart', resourceRequest: { slices: 1 } };

describe('a request that is not as the document says', () => {
  it.each([
    ['GET', '/shards?limit=0', undefined, 'query.limit', '0'],
    ['GET', '/shards?limit=many', undefined, 'query.limit', 'many'],
    ['GET', '/shards?cursor=abc', undefined, 'query.cursor', '"abc"'],
    ['GET', '/shards?colour=red', undefined, 'query', 'red'],
    ['GET', '/shards/-', undefined, 'path.shard', '"-"'],
    ['GET', '/interruption-risk', undefined, 'query.shardID', 'nothing'],
    ['GET', '/instances/host/shards', undefined, 'path.instanceID', '"host"'],
    ['POST', '/reservations', undefined, 'body', 'nothing'],
    ['POST', '/reservations', [], 'body', '[]'],
    ['POST', '/reservations', { ...RESERVE, more: 1 }, 'body', 'more'],
    ['POST', '/reservations', { shardID: 'cart' }, 'body.resourceRequest', 'nothing'],
    [
      'POST',
      '/reservations',
      { shardID: 'cart', resourceRequest: { slices: 1.5 } },
      'body.resourceRequest.slices',
      '1.5',
    ],
  ] as const)('%s %s %j names field and value', async (method, url, body, field, value) => {
    const answer = await stage.send(method, url, body);
    expect(answer).toMatchObject({ status: 400, type: 'application/problem+json' });
    const { errors, instance } = problemSchema.parse(answer.body);
    expect(instance).toBe('request-1');
    expect(errors![0]).toMatchObject({ field });
    expect(errors![0]!.bound).not.toBe('');
    expect(JSON.stringify(errors)).toContain(JSON.stringify(value).slice(1, -1));
  });

  it.each(['{', '{"shardID": "cart"', 'undefined', '\u0000'])('%j is no JSON', async (body) => {
    const answer = await stage.ask({ method: 'POST', url: '/interruptions', body });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'body', bound: 'JSON' }] } });
  });

  it('with a key that none can be', async () => {
    const answer = await stage.send('POST', '/reservations', RESERVE, { 'Idempotency-Key': 'a b' });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'headers' }] } });
  });

  it('on a route that the gateway does not know never comes here', async () => {
    expect(eventOf({ method: 'PUT', url: '/shards' })).toBeUndefined();
    expect(eventOf({ method: 'GET', url: '/shards//explanation' })).toBeUndefined();
  });
});

describe('an idempotency key', () => {
  const KEY = { 'Idempotency-Key': 'k-1' };

  it('makes a repeat the same answer, and no second effect', async () => {
    const first = await stage.send('POST', '/reservations', RESERVE, KEY);
    const second = await stage.send('POST', '/reservations', RESERVE, KEY);
    expect(second).toEqual(first);
    expect((await stage.get('/reservations')).body.items).toHaveLength(1);
    const other = await stage.send('POST', '/reservations', RESERVE, { 'Idempotency-Key': 'k-2' });
    expect(other.body.id).not.toBe(first.body.id);
  });

  it('with another request is refused', async () => {
    await stage.send('POST', '/reservations', RESERVE, KEY);
    const changed = { ...RESERVE, resourceRequest: { slices: 2 } };
    for (const [url, body] of [
      ['/reservations', changed],
      ['/interruptions', { shardID: 'cart' }],
    ] as const)
      expect(await stage.send('POST', url, body, KEY)).toMatchObject({
        status: 422,
        body: { type: 'urn:foreshard:problem:key-reused' },
      });
    expect(stage.started).toEqual([]);
  });

  it('does not keep what failed', async () => {
    const body = { shardID: 'cart', instance: 'i-9' };
    expect((await stage.send('POST', '/interruptions', body, KEY)).status).toBe(409);
    await stage.add('i-9:8080', { kind: 'active', shard: 'cart', since: 0 });
    expect((await stage.send('POST', '/interruptions', body, KEY)).status).toBe(202);
  });

  it('is refused while its first request is being worked on', async () => {
    let go = () => {};
    const start = stage.parts.workflows.start;
    Object.assign(stage.parts.workflows, {
      start: async (...args: Parameters<typeof start>) => {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
        await start(...args);
      },
    });
    const body = { shardID: 'cart', instance: 'i-1' };
    const first = stage.send('POST', '/interruptions', body, KEY);
    await expect.poll(() => go.name).not.toBe('go');
    expect(await stage.send('POST', '/interruptions', body, KEY)).toMatchObject({
      status: 409,
      body: { type: 'urn:foreshard:problem:in-progress' },
    });
    go();
    expect((await first).status).toBe(202);
    expect(stage.started).toHaveLength(1);
  });
});

describe('what nobody expected', () => {
  it('is logged, and answered without saying what it was', async () => {
    Object.assign(stage.parts, { settings: async () => Promise.reject(new Error('s3://secret-bucket')) });
    const answer = await stage.get('/shards');
    expect(answer).toMatchObject({ status: 500, body: { type: 'urn:foreshard:problem:internal' } });
    expect(JSON.stringify(answer)).not.toContain('secret-bucket');
    expect(stage.unexpected).toMatchObject([{ message: 's3://secret-bucket' }]);
  });
});

describe('the environment', () => {
  it('has what the API starts and reads', () => {
    expect(() => environmentOf('api', {})).toThrow(/HAND_OVER_MACHINE/);
  });
});
