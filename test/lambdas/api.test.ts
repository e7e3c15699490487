import { beforeEach, describe, expect, it } from 'vitest';
import { PK } from '../../adapters/aws/table.ts';
import { OPERATIONS, type OperationId } from '../../core/api/operations.ts';
import { problemSchema } from '../../core/api/problem.ts';
import { VmRefused } from '../../core/vm/refused.ts';
import { Stage } from '../api/stage.ts';
import { T0 } from '../world/fixtures.ts';

let stage: Stage;
beforeEach(async () => {
  stage = new Stage();
  await stage.seed();
});

/** An answer that is as the document says. */
const ok = (id: OperationId, { status, body }: { status: number; body: unknown }) => {
  expect({ status, body }).toMatchObject({ status: OPERATIONS[id].status });
  // A schema that strips: what it does not know is not in the document.
  expect(OPERATIONS[id].response.parse(body)).toEqual(body);
  return body as never;
};
const problem = ({ status, body, type }: { status: number; body: unknown; type: string }) => {
  expect(type).toBe('application/problem+json');
  const said = problemSchema.parse(body);
  expect(said.status).toBe(status);
  return said;
};

describe('shards of the service', () => {
  it('are listed page by page, each once', async () => {
    const first = ok('listShards', await stage.get('/shards?limit=2')) as { items: unknown[]; next: string };
    expect(first.items).toMatchObject([
      { kind: 'service', shardID: 'cart', mode: 'active', plan: { at: T0, want: 300 } },
      { shardID: 'quiet', mode: 'shadow' },
    ]);
    const last = ok('listShards', await stage.get(`/shards?limit=2&cursor=${first.next}`)) as object;
    expect(last).toMatchObject({ items: [{ shardID: 'search' }] });
    expect(last).not.toHaveProperty('next');
  });

  it('are told with their slices', async () => {
    expect(ok('getShard', await stage.get('/shards/cart'))).toMatchObject({
      slices: [
        { slice: 'i-1:8080', placement: 'active' },
        { slice: 'i-2:8080', placement: 'active' },
        { slice: 'i-3:8080', placement: 'reserved', until: T0 + 900 },
      ],
    });
  });

  it('are explained: plan and moves, newest first', async () => {
    const body = ok('explainShard', await stage.get('/shards/cart/explanation?limit=1')) as {
      moves: { next: string };
    };
    expect(body).toMatchObject({
      plan: { reason: { rule: 'forecast', considered: ['nothing'] } },
      moves: { items: [{ id: 'm2', outcome: 'under-way' }] },
    });
    const rest = await stage.get(`/shards/cart/explanation?cursor=${body.moves.next}`);
    expect(ok('explainShard', rest)).toMatchObject({ moves: { items: [{ id: 'm0' }] } });
  });

  it('that are not there are a problem that names the nearest', async () => {
    const said = problem(await stage.get('/shards/carts'));
    expect(said).toMatchObject({ status: 404, type: 'urn:foreshard:problem:not-found' });
    expect(said.detail).toContain('"cart"');
  });
});

describe('interruption risk', () => {
  it('of a service shard is the largest of its slices’', async () => {
    expect(ok('getInterruptionRisk', await stage.get('/interruption-risk?shardID=cart'))).toMatchObject({
      kind: 'service',
      score: 0.3,
      slices: [{ slice: 'i-2:8080' }, { slice: 'i-1:8080' }],
    });
  });

  it('of a VM shard is that of its slice', async () => {
    await stage.send('POST', '/instances/i-1/shards', ALLOCATION);
    const said = await stage.get('/interruption-risk?shardID=i-1/index');
    expect(ok('getInterruptionRisk', said)).toMatchObject({
      kind: 'vm',
      shardID: 'i-1/index',
      slices: [{ slice: 'i-1:8080' }],
    });
    expect(problem(await stage.get('/interruption-risk?shardID=i-1/none')).status).toBe(404);
  });
});

describe('a reservation', () => {
  const request = { shardID: 'cart', resourceRequest: { slices: 3, seconds: 600 } };

  it('is asked for, listed, told and ended', async () => {
    const made = ok('requestPreAllocation', await stage.send('POST', '/reservations', request)) as {
      id: string;
    };
    expect(made).toMatchObject({ kind: 'service', slices: 3, until: T0 + 600, held: ['i-3:8080'] });
    expect(await stage.table.get(PK.reserveRequest, made.id)).toMatchObject({
      shard: 'cart',
      count: 3,
      by: 'arn:aws:iam::111122223333:user/ann',
    });
    expect(ok('listReservations', await stage.get('/reservations?shardID=cart'))).toMatchObject({
      items: [made],
    });
    expect(ok('listReservations', await stage.get('/reservations?shardID=search'))).toEqual({ items: [] });
    expect(ok('getReservation', await stage.get(`/reservations/${made.id}`))).toEqual(made);
    ok('deleteReservation', await stage.send('DELETE', `/reservations/${made.id}`));
    expect(problem(await stage.get(`/reservations/${made.id}`)).status).toBe(404);
  });

  it('ends by itself', async () => {
    const made = (await stage.send('POST', '/reservations', request)).body;
    await stage.clock.runUntil(T0 + 601);
    expect((await stage.get(`/reservations/${made.id}`)).status).toBe(404);
    expect((await stage.get('/reservations')).body).toEqual({ items: [] });
  });

  it('is bounded by the settings, together with those there are', async () => {
    await stage.send('POST', '/reservations', request);
    const said = problem(await stage.send('POST', '/reservations', request));
    expect(said).toMatchObject({
      status: 422,
      errors: [
        { field: 'body.resourceRequest.slices', bound: expect.stringContaining('at most 1 '), value: '3' },
      ],
    });
  });

  it('of a VM shard is a twin, of one slice', async () => {
    const vm = { shardID: 'i-1/index', resourceRequest: { slices: 1, seconds: 600 } };
    expect(ok('requestPreAllocation', await stage.send('POST', '/reservations', vm))).toEqual({
      kind: 'vm',
      shardID: 'i-1/index',
      until: T0 + 600,
      held: ['i-f:8080'],
    });
    const more = problem(await stage.send('POST', '/reservations', { ...request, shardID: 'i-1/index' }));
    expect(more).toMatchObject({
      status: 422,
      errors: [{ field: 'body.resourceRequest.slices', value: '3' }],
    });
  });

  it('is refused for a shard in shadow', async () => {
    const shadow = problem(await stage.send('POST', '/reservations', { ...request, shardID: 'quiet' }));
    expect(shadow).toMatchObject({
      status: 409,
      errors: [{ field: 'mode', bound: 'active', value: 'shadow' }],
    });
  });
});

describe('an interruption that is asked for', () => {
  it('starts one workflow per instance, without a deadline', async () => {
    const body = ok(
      'handleShardInterruption',
      await stage.send('POST', '/interruptions', { shardID: 'cart' }),
    );
    expect(body).toMatchObject({
      kind: 'service',
      started: [
        { instance: 'i-1', slices: ['i-1:8080'] },
        { instance: 'i-2', slices: ['i-2:8080'] },
      ],
    });
    expect(stage.started.map(({ input }) => input)).toEqual([
      { cause: 'planned', instance: 'i-1', at: T0, slices: ['i-1:8080'] },
      { cause: 'planned', instance: 'i-2', at: T0, slices: ['i-2:8080'] },
    ]);
  });

  it('may be of one instance', async () => {
    await stage.send('POST', '/interruptions', { shardID: 'cart', instance: 'i-2' });
    expect(stage.started).toMatchObject([{ input: { slices: ['i-2:8080'] } }]);
  });

  it('moves one VM shard alone', async () => {
    await stage.send('POST', '/instances/i-1/shards', ALLOCATION);
    const body = await stage.send('POST', '/interruptions', { shardID: 'i-1/index' });
    expect(ok('handleShardInterruption', body)).toMatchObject({
      kind: 'vm',
      started: [{ instance: 'i-1', slices: ['i-1:8080'], movesTo: 'i-f:8080' }],
    });
    expect((await stage.get('/instances/i-1/shards/cache')).body).toMatchObject({ state: 'running' });
    expect(stage.started).toEqual([]);
  });

  it('takes a VM shard out of its traffic where no instance has room for it', async () => {
    await stage.send('POST', '/instances/i-1/shards', ALLOCATION);
    const none = new VmRefused([{ field: 'to', bound: 'another instance with room', value: 'none' }]);
    Object.assign(stage.parts.vm, { move: () => Promise.reject(none) });
    ok('handleShardInterruption', await stage.send('POST', '/interruptions', { shardID: 'i-1/index' }));
    expect(stage.started).toMatchObject([{ input: { cause: 'planned', slices: ['i-1:8080'] } }]);
    const other = new VmRefused([{ field: 'shard.state', bound: 'running', value: 'frozen' }]);
    Object.assign(stage.parts.vm, { move: () => Promise.reject(other) });
    expect(problem(await stage.send('POST', '/interruptions', { shardID: 'i-1/cache' })).status).toBe(422);
  });

  it('touches nothing in shadow, and nothing that does not serve', async () => {
    expect(problem(await stage.send('POST', '/interruptions', { shardID: 'quiet' })).status).toBe(409);
    const none = await stage.send('POST', '/interruptions', { shardID: 'cart', instance: 'i-3' });
    expect(problem(none)).toMatchObject({ status: 409, detail: expect.stringContaining('i-3') });
    expect(stage.started).toEqual([]);
  });
});

describe('hand-overs', () => {
  it('are told without their secret', async () => {
    await stage.table.put({
      pk: PK.handOver,
      sk: 'i-1:8080',
      id: 'h',
      shard: 'cart',
      target: 'i-3:8080',
      slots: [{ slot: 0, epoch: 1 }],
      cause: 'planned',
      phase: 'failed',
      go: true,
      at: T0,
      secret: new Uint8Array([1, 2, 3]),
      error: 'deadline',
      version: 4,
    });
    const body = ok('listHandOvers', await stage.get('/hand-overs'));
    expect(body).toMatchObject({ items: [{ source: 'i-1:8080', slots: [0], error: 'deadline' }] });
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});

const ALLOCATION = {
  shardConfig: [
    { shardID: 'index', vCPU: 1, RAM: 1024, storage: 0, applicationComponent: 'search' },
    { shardID: 'cache', applicationComponent: 'search' },
  ],
};

describe('VM shards', () => {
  const PATH = '/instances/i-1/shards/index';

  it('are allocated, told, changed and removed', async () => {
    const made = ok('allocateShards', await stage.send('POST', '/instances/i-1/shards', ALLOCATION));
    expect(made).toMatchObject({
      instanceID: 'i-1',
      shards: [
        { kind: 'vm', shardID: 'index', slice: 'i-1:8080', state: 'running' },
        { shardID: 'cache', slice: 'i-1:8081', RAM: expect.any(Number) },
      ],
    });
    expect(ok('listVmShards', await stage.get('/instances/i-1/shards'))).toEqual(made);
    expect(ok('listVmInstances', await stage.get('/instances'))).toEqual({ items: [made] });
    ok('getVmShard', await stage.get(PATH));
    expect(ok('resizeVmShard', await stage.send('PATCH', PATH, { RAM: 2048 }))).toMatchObject({
      RAM: 2048,
      vCPU: 1,
    });
    expect(ok('freezeVmShard', await stage.send('POST', `${PATH}/freeze`))).toMatchObject({
      state: 'frozen',
    });
    expect(ok('thawVmShard', await stage.send('POST', `${PATH}/thaw`))).toMatchObject({ state: 'running' });
    expect(ok('moveVmShard', await stage.send('POST', `${PATH}/move`, { to: 'i-2' }))).toMatchObject({
      state: 'moving',
      movesTo: 'i-2:8080',
    });
    expect(ok('removeVmShard', await stage.send('DELETE', PATH))).toMatchObject({ state: 'removed' });
    expect(problem(await stage.get(PATH))).toMatchObject({
      status: 404,
      detail: expect.stringContaining('cache'),
    });
  });

  it('that do not fit are refused with the numbers', async () => {
    const large = [{ shardID: 'index', vCPU: 9, RAM: 1024, storage: 0, applicationComponent: 'search' }];
    const said = problem(await stage.send('POST', '/instances/i-1/shards', { shardConfig: large }));
    expect(said).toMatchObject({
      status: 422,
      errors: [
        { field: 'body.shardConfig[0].vCPU', bound: expect.stringMatching(/^at most 3.9,/), value: '9' },
      ],
    });
  });

  it('do not go from one state to any other', async () => {
    await stage.send('POST', '/instances/i-1/shards', ALLOCATION);
    await stage.send('POST', `${PATH}/freeze`);
    expect(problem(await stage.send('POST', `${PATH}/move`, { to: 'i-2' })).status).toBe(409);
    expect(problem(await stage.send('PATCH', PATH, {}))).toMatchObject({ status: 400 });
    expect(problem(await stage.get('/instances/i-9/shards')).status).toBe(404);
  });
});
