import { beforeEach, describe, expect, it } from 'vitest';
import { TableSlotMaps } from '../../adapters/aws/hand-over/slot-maps.ts';
import { readRoutes } from '../../adapters/aws/route-items.ts';
import { PK } from '../../adapters/aws/table.ts';
import { bodyOf, deliver, type Request } from '../../lambdas/route-sync/cloudformation.ts';
import { balancersOf } from '../../lambdas/route-sync/listeners.ts';
import { removeAll } from '../../lambdas/route-sync/remove.ts';
import { answerRequest } from '../../lambdas/route-sync/work.ts';
import { RouteStage, T0, yaml } from './route-stage.ts';

let stage: RouteStage;
beforeEach(() => {
  stage = new RouteStage();
});

describe('route-sync for CloudFormation', () => {
  const request = (RequestType: Request['RequestType'], more: Partial<Request> = {}): Request => ({
    RequestType,
    ResponseURL: 'https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x?signature=y',
    StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/Foreshard-shop/1',
    RequestId: 'request-1',
    LogicalResourceId: 'Routes',
    ResourceProperties: { ServiceToken: 'arn', bucket: 'assets', key: 'abc.yaml' },
    ...more,
  });
  const sent: { url: string; body: Record<string, unknown> }[] = [];
  beforeEach(() => {
    sent.length = 0;
  });
  const answer = (one: Request, remaining = 900_000) =>
    stage.clock.settle(
      answerRequest(
        stage.parts,
        { service: 'shop', vpc: 'vpc-1', balancers: stage.balancers },
        remaining,
        one,
        async (url, body) => {
          sent.push({ url, body: JSON.parse(body) as Record<string, unknown> });
          return { ok: true, status: 200 };
        },
      ),
    );

  it('brings the settings, makes the routes and answers', async () => {
    stage.bucket.put('assets', 'abc.yaml', yaml(['a', 'b']));
    await answer(request('Create'));
    expect(sent).toMatchObject([
      {
        url: expect.stringMatching(/signature/),
        body: {
          Status: 'SUCCESS',
          PhysicalResourceId: 'foreshard-shop-routes',
          RequestId: 'request-1',
          LogicalResourceId: 'Routes',
          Data: { settings: 'written', created: '2', left: '0' },
        },
      },
    ]);
    expect(stage.bucket.text('ours', 'settings.yaml')).toBe(yaml(['a', 'b']));
  });

  it('keeps settings that were changed since, unless the deploy brings others', async () => {
    stage.bucket.put('assets', 'abc.yaml', yaml(['a']));
    await answer(request('Create'));
    stage.put(yaml(['a', 'b']));
    await answer(request('Update'));
    expect(stage.bucket.text('ours', 'settings.yaml')).toBe(yaml(['a', 'b']));
    stage.bucket.put('assets', 'def.yaml', yaml(['c']));
    await answer(request('Update', { ResourceProperties: { bucket: 'assets', key: 'def.yaml' } }));
    expect(stage.bucket.text('ours', 'settings.yaml')).toBe(yaml(['c']));
    expect(sent.map(({ body }) => (body.Data as { settings: string }).settings)).toEqual([
      'written',
      'kept',
      'written',
    ]);
  });

  it('brings no settings that divide anew what slices hold, and repairs wrong ones', async () => {
    const stateful = (count: number) =>
      yaml([
        { name: 'a', more: `, handOver: { state: copy, slots: { count: ${count}, by: { header: id } } }` },
      ]);
    stage.bucket.put('assets', 'abc.yaml', stateful(4));
    await answer(request('Create'));
    const placement = { kind: 'active', shard: 'a', since: 1 };
    await stage.table.put({ pk: PK.slice, sk: 'i-1:8080', version: 1, placement });
    await new TableSlotMaps(stage.table).pass('a', { slot: 3, epoch: 0 }, 'i-1:8080');
    stage.bucket.put('assets', 'def.yaml', stateful(8));
    const other = request('Update', { ResourceProperties: { bucket: 'assets', key: 'def.yaml' } });
    await answer(other);
    expect(sent.at(-1)?.body).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining(
        'shard a: handOver.slots.count: expected 4, by which its state is divided',
      ),
    });
    expect(stage.bucket.text('ours', 'settings.yaml')).toBe(stateful(4));
    stage.put('service: shop\nshards: 7\n');
    await answer(other);
    expect(sent.at(-1)?.body).toMatchObject({ Status: 'SUCCESS', Data: { settings: 'written' } });
  });

  it('removes what is ours when the stack goes, and leaves the rest', async () => {
    stage.bucket.put('assets', 'abc.yaml', yaml(['a', 'b']));
    await answer(request('Create'));
    stage.aws.elb.addTargetGroup('theirs');
    await stage.table.put({
      pk: PK.slice,
      sk: 'i-1:8080',
      version: 1,
      placement: { kind: 'active', shard: 'a', since: 1 },
    });
    await answer(request('Delete', { PhysicalResourceId: 'foreshard-shop-routes' }));
    expect(sent.at(-1)?.body).toMatchObject({ Status: 'SUCCESS', Reason: 'removed 2 target groups' });
    expect(stage.groups().map(({ name }) => name)).toEqual(['theirs']);
    expect(stage.rules()).toEqual([]);
    expect(await readRoutes(stage.table)).toEqual([]);
    await answer(request('Delete'));
    expect(sent.at(-1)?.body).toMatchObject({ Status: 'SUCCESS', Reason: 'removed 0 target groups' });
  });

  it('says what could not be removed', async () => {
    stage.bucket.put('assets', 'abc.yaml', yaml(['a']));
    await answer(request('Create'));
    stage.groups()[0]!.inUse = true;
    stage.aws.fail = (action) => {
      if (action === 'DeleteRule') throw Object.assign(new Error('no'), { name: 'AccessDenied' });
    };
    await answer(request('Delete'));
    expect(sent.at(-1)?.body).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringMatching(/rule of a: AccessDenied: no; target group of a: ResourceInUse/),
    });
  });

  it.each([
    ['no settings file there', request('Create'), /NoSuchKey/],
    ['properties without a key', request('Create', { ResourceProperties: {} }), /expected bucket and key/],
  ])('answers FAILED for %s', async (_, one, reason) => {
    await answer(one);
    expect(sent).toHaveLength(1);
    expect(sent[0]!.body).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(reason) });
  });

  it('answers FAILED for wrong settings, another service’s settings, and shards that fail', async () => {
    stage.bucket.put('assets', 'abc.yaml', 'service: shop\n');
    await answer(request('Create'));
    stage.bucket.put('assets', 'abc.yaml', yaml(['a']).replace('shop', 'other'));
    await answer(request('Create'));
    stage.bucket.put('assets', 'abc.yaml', yaml(['a']));
    stage.aws.fail = (action) => {
      if (action === 'CreateTargetGroup')
        throw Object.assign(new Error('too many'), { name: 'TooManyTargetGroupsException' });
    };
    await answer(request('Create'));
    expect(sent.map(({ body }) => [body.Status, body.Reason])).toEqual([
      ['FAILED', expect.stringMatching(/abc\.yaml:1: .*expected/)],
      ['FAILED', 'RangeError: s3://assets/abc.yaml: service: expected shop, got other'],
      ['FAILED', '1 shards: a: TooManyTargetGroupsException: too many'],
    ]);
  });

  it('waits for a run that is under way', async () => {
    stage.bucket.put('assets', 'abc.yaml', yaml(['a']));
    await stage.parts.leases.take('route-sync', 'another', T0 + 42, T0);
    await answer(request('Create'));
    expect(sent[0]?.body).toMatchObject({ Status: 'SUCCESS', Data: { created: '1' } });
    expect(stage.clock.now()).toBeGreaterThanOrEqual(T0 + 42);
  });

  it('answers before Lambda ends it, also when a call hangs', async () => {
    stage.bucket.put('assets', 'abc.yaml', yaml(['a']));
    stage.parts = { ...stage.parts, elb: { send: () => new Promise(() => undefined) } as never };
    await answer(request('Create'), 60_000);
    expect(sent[0]?.body).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringMatching(/not done in time/),
    });
    expect(stage.clock.now()).toBeLessThanOrEqual(T0 + 60 - 5);
  });

  it('cuts a reason that is too long for CloudFormation', () => {
    const body = bodyOf(request('Create'), 'shop', { status: 'FAILED', reason: 'ä"'.repeat(9000) });
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4096);
    expect(Buffer.byteLength(body)).toBeGreaterThan(3000);
    expect((JSON.parse(body) as { Reason: string }).Reason).toMatch(/…$/);
  });

  it('delivers the answer again where that failed, and says when it cannot', async () => {
    let tries = 0;
    const flaky = async () => {
      if (++tries === 1) throw new Error('reset');
      return { ok: tries > 2, status: 503 };
    };
    await stage.clock.settle(deliver(flaky, stage.clock, 'https://x', '{}'));
    expect(tries).toBe(3);
    const down = async () => ({ ok: false, status: 403 });
    await expect(stage.clock.settle(deliver(down, stage.clock, 'https://x', '{}'))).rejects.toThrow(
      /status 403/,
    );
  });
});

describe('where the listeners have gone', () => {
  it('the rest is removed all the same', async () => {
    stage.put(yaml(['a']));
    await stage.run();
    stage.aws.elb.rules.clear();
    stage.aws.elb.refresh();
    stage.aws.fail = (action) => {
      if (action === 'DescribeRules')
        throw Object.assign(new Error('gone'), { name: 'ListenerNotFoundException' });
    };
    const input = { service: 'shop', vpc: 'vpc-1', balancers: stage.balancers, stopAt: T0 + 600 };
    expect(await stage.clock.settle(removeAll(stage.parts, input))).toEqual({ removed: 1 });
  });
});

describe('the variable LISTENERS', () => {
  it('is a list, or an error that says what it is', () => {
    const text = '[{"listener":"l","loadBalancer":"b","dns":"d"}]';
    expect(balancersOf(text)).toEqual([{ listener: 'l', loadBalancer: 'b', dns: 'd' }]);
    for (const wrong of ['', '[]', '{"a":1}', '[{"listener":"l"}]'])
      expect(() => balancersOf(wrong)).toThrow(/^LISTENERS: expected a JSON list/);
  });
});
