import { describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../../core/api/operations.ts';
import { problemSchema } from '../../../core/api/problem.ts';
import { parseSliceId } from '../../../core/shards/slice.ts';
import { eventually } from '../eventually.ts';
import { ask } from '../signed.ts';
import type { World } from '../world.ts';
import { serving } from './guarantees.ts';

/** The HTTP API of the deployed service: gateway, function, table, workflow. */
export function api(world: () => World): void {
  it('answers signed requests alone', async () => {
    expect((await ask(world(), 'GET', '/shards', { unsigned: true })).status).toBe(403);
    expect((await ask(world(), 'GET', '/shards')).status).toBe(200);
    expect((await ask(world(), 'PUT', '/shards')).status).toBe(404);
  });

  it('serves the document of all its operations', async () => {
    const { status, body } = await ask(world(), 'GET', '/openapi.json');
    expect([status, body.openapi]).toEqual([200, '3.1.0']);
    const ids = Object.values(body.paths).flatMap((path) =>
      Object.values(path as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
    );
    expect(ids.sort()).toEqual(Object.keys(OPERATIONS).sort());
  });

  it('lists shards page by page, tells one with its slices, and explains it', async () => {
    const { body: first } = await ask(world(), 'GET', '/shards?limit=1');
    expect(first.items).toHaveLength(1);
    const { body: rest } = await ask(world(), 'GET', `/shards?cursor=${first.next}`);
    const names = [...first.items, ...rest.items].map(({ shardID }: { shardID: string }) => shardID);
    expect(names).toEqual(expect.arrayContaining(['api', 'quiet', 'web']));
    const { body: web } = await ask(world(), 'GET', '/shards/web');
    const active = web.slices.filter(({ placement }: { placement: string }) => placement === 'active');
    expect(active.map(({ slice }: { slice: string }) => slice).sort()).toEqual(
      [...(await serving(world(), 'web'))].sort(),
    );
    const { status, body } = await ask(world(), 'GET', '/shards/web/explanation?hours=2');
    expect([status, body.kind]).toEqual([200, 'service']);
    expect(body.moves.items.length).toBeGreaterThan(0);
  });

  it('tells the risk of each slice that serves', async () => {
    const { status, body } = await ask(world(), 'GET', '/interruption-risk?shardID=web');
    expect(status, JSON.stringify(body)).toBe(200);
    expect(OPERATIONS.getInterruptionRisk.response.parse(body)).toEqual(body);
    expect(body.slices).toHaveLength((await serving(world(), 'web')).length);
  });

  it('refuses in words of the problem, and does not keep what was refused', async () => {
    const request = { shardID: 'web', resourceRequest: { slices: 10_000 } };
    for (let i = 0; i < 2; i++) {
      const { status, body } = await ask(world(), 'POST', '/reservations', { body: request, key: 'reserve' });
      expect(problemSchema.parse(body)).toMatchObject({
        status: 422,
        errors: [{ field: 'body.resourceRequest.slices', value: '10000' }],
      });
      expect(status).toBe(422);
    }
    const shadow = await ask(world(), 'POST', '/interruptions', { body: { shardID: 'quiet' } });
    expect(shadow).toMatchObject({ status: 409, body: { errors: [{ value: 'shadow' }] } });
  });

  describe('an interruption that is asked for', () => {
    it('runs once, however often it is asked for under one key', async () => {
      const [slice] = await serving(world(), 'web');
      const { instance } = parseSliceId(slice!);
      const body = { shardID: 'web', instance };
      const before = (await world().executions('hand-over')).length;
      const first = await ask(world(), 'POST', '/interruptions', { body, key: 'go' });
      expect(first, JSON.stringify(first.body)).toMatchObject({
        status: 202,
        body: { kind: 'service', started: [{ instance, slices: [slice] }] },
      });
      expect(await ask(world(), 'POST', '/interruptions', { body, key: 'go' })).toEqual(first);
      const ended = await eventually(
        'the end of the hand-over',
        async () => {
          const all = await world().executions('hand-over');
          return all.length === before + 1 && all[0]?.status !== 'RUNNING' ? all[0] : undefined;
        },
        100,
      );
      expect(ended.status).toBe('SUCCEEDED');
    }, 120_000);

    it('leaves the shard with what it is guaranteed', async () => {
      await eventually(
        'two slices of web',
        async () => {
          await world().tick();
          return (await serving(world(), 'web')).length >= 2;
        },
        150,
      );
    }, 180_000);
  });
}
