import { describe, expect, it } from 'vitest';
import { Fis } from '../../adapters/aws/fis.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import { T0 } from '../world/fixtures.ts';

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** FIS behind a fetch that answers in turn. */
function stage(...answers: (readonly [status: number, body: unknown] | Error)[]) {
  const calls: Call[] = [];
  const clock = new VirtualClock(T0);
  const fis = new Fis({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    clock,
    fetch: (async (url: string, { method, headers, body }: RequestInit) => {
      calls.push({
        method: method!,
        url,
        headers: headers as Record<string, string>,
        body: body === undefined ? undefined : JSON.parse(String(body)),
      });
      const answer = answers.shift()!;
      if (answer instanceof Error) throw answer;
      const [status, said] = answer;
      return new Response(typeof said === 'string' ? said : JSON.stringify(said), { status });
    }) as typeof fetch,
  });
  return { fis, calls, clock };
}

const EXPERIMENT = { experiment: { id: 'EXP1', state: { status: 'initiating' } } };
const TEMPLATE = {
  experimentTemplate: {
    id: 'EXT1',
    description: 'Foreshard shop: Spot interruption',
    roleArn: 'arn:aws:iam::111122223333:role/fis',
    stopConditions: [{ source: 'aws:cloudwatch:alarm', value: 'arn:alarm' }],
    targets: {
      instances: {
        resourceType: 'aws:ec2:spot-instance',
        resourceTags: { a: 'b' },
        filters: [],
        selectionMode: 'COUNT(1)',
      },
    },
    actions: {
      interrupt: {
        actionId: 'aws:ec2:send-spot-instance-interruptions',
        targets: { SpotInstances: 'instances' },
      },
    },
  },
};

describe('FIS', () => {
  it('is called with a signed request', async () => {
    const { fis, calls } = stage([200, EXPERIMENT]);
    expect(await fis.start('EXT1', 'token')).toEqual({ id: 'EXP1', status: 'initiating' });
    const [{ method, url, headers, body }] = calls as [Call];
    expect([method, url]).toEqual(['POST', 'https://fis.eu-west-1.amazonaws.com/experiments']);
    expect(body).toEqual({ clientToken: 'token', experimentTemplateId: 'EXT1' });
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/fis\/aws4_request, SignedHeaders=content-type;host;[\w;-]+, Signature=[0-9a-f]{64}$/,
    );
  });

  it('signs so that another secret is another signature', async () => {
    const { fis, calls } = stage([200, EXPERIMENT], [200, EXPERIMENT]);
    await fis.get('EXP1');
    await fis.get('EXP2');
    const [one, two] = calls.map(({ headers }) => headers.authorization);
    expect(one).not.toBe(two);
  });

  it('makes a template for one instance of the same account', async () => {
    const { fis, calls } = stage(
      [200, TEMPLATE],
      [200, { experimentTemplate: { id: 'EXT2' } }],
      [200, TEMPLATE],
    );
    expect(await fis.narrowed('EXT1', 'i-1', 'token')).toBe('EXT2');
    await fis.drop('EXT2');
    expect(calls.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      'GET /experimentTemplates/EXT1',
      'POST /experimentTemplates',
      'DELETE /experimentTemplates/EXT2',
    ]);
    const { description, id: _, ...same } = TEMPLATE.experimentTemplate;
    expect(calls[1]!.body).toEqual({
      ...same,
      clientToken: 'token',
      description: `${description} of i-1`,
      targets: {
        instances: {
          resourceType: 'aws:ec2:spot-instance',
          resourceArns: ['arn:aws:ec2:eu-west-1:111122223333:instance/i-1'],
          selectionMode: 'ALL',
        },
      },
    });
  });

  it('is asked again when it is busy or cannot be reached, with the same token', async () => {
    const { fis, calls, clock } = stage(
      new Error('ECONNRESET'),
      [429, { message: 'slow down' }],
      [200, EXPERIMENT],
    );
    await clock.settle(fis.start('EXT1', 'token'));
    expect(calls.map(({ body }) => body)).toEqual(Array(3).fill(calls[0]!.body));
  });

  it.each([
    [
      [[403, { message: 'not authorized to perform: fis:StartExperiment' }]],
      /POST \/experiments: 403 not authorized/,
    ],
    [
      [
        [500, 'oops'],
        [500, 'oops'],
        [500, '<html>'],
      ],
      /POST \/experiments: 500 <html>/,
    ],
    [[new Error('a'), new Error('b'), new Error('ENOTFOUND')], /POST \/experiments: ENOTFOUND/],
  ] as const)('says what went wrong', async (answers, message) => {
    const { fis, clock } = stage(...(answers as unknown as Parameters<typeof stage>));
    await expect(clock.settle(fis.start('EXT1', 'token'))).rejects.toThrow(message);
  });
});
