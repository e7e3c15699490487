import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { lambda } from '../../lambdas/lib/handler.ts';
import { BadInput, parseInput } from '../../lambdas/lib/input.ts';

const schema = z.object({
  id: z.string(),
  deep: z.object({ n: z.number().min(1).max(9) }).optional(),
  list: z.array(z.enum(['a', 'b'])).default([]),
});

const context = {
  awsRequestId: 'r-1',
  functionName: 'foreshard-shop-forecast',
  getRemainingTimeInMillis: () => 4000,
} as Context;

const lines: Record<string, unknown>[] = [];
beforeEach(() => {
  lines.length = 0;
  vi.stubEnv('SERVICE', 'shop');
  vi.stubEnv('TABLE', 'table');
  vi.stubEnv('BUCKET', 'bucket');
  // So that what is printed can be read here: Powertools has a console of its own on Lambda.
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  for (const how of ['info', 'warn', 'error', 'log'] as const)
    vi.spyOn(console, how).mockImplementation((text: string) => void lines.push(JSON.parse(text)));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('the input', () => {
  it('is named with field, bound and value where it is wrong', () => {
    expect(() => parseInput('plan', schema, { id: 7, deep: { n: 12 }, list: ['c'] })).toThrow(BadInput);
    let said = '';
    try {
      parseInput('plan', schema, { id: 7, deep: { n: 12 }, list: ['c'] });
    } catch (error) {
      said = (error as Error).message;
    }
    const [id, n, list] = said.split('\n');
    expect(id).toMatch(/^input of plan: id: .*expected string.*, got 7$/);
    expect(n).toMatch(/^input of plan: deep\.n: .*<=9, got 12$/);
    expect(list).toMatch(/^input of plan: list\[0\]: .*"a"\|"b", got "c"$/);
    expect(() => parseInput('plan', schema, null)).toThrow(/input of plan: event: /);
  });
});

describe('a handler', () => {
  it('gives its work the parsed event, the environment and its parts, wired once', async () => {
    const build = vi.fn((env: { readonly TABLE: string }) => ({ name: env.TABLE }));
    const handler = lambda('forecast', schema, build, async (event, { parts, env, remaining, now }) => {
      expect(now()).toBeGreaterThan(1.7e9);
      return { event, parts, service: env.SERVICE, left: remaining() };
    });
    for (let i = 0; i < 2; i++)
      expect(await handler({ id: 'x', more: 1 }, context)).toEqual({
        event: { id: 'x', list: [] },
        parts: { name: 'table' },
        service: 'shop',
        left: 4000,
      });
    expect(build).toHaveBeenCalledTimes(1);
  });

  it('writes one line: what, for whom, what came of it, and nothing of the content', async () => {
    const handler = lambda(
      'forecast',
      schema,
      () => ({}),
      async () => ({ outcome: 'done', secret: 's' }),
      {
        ids: ({ id }) => ({ id }),
      },
    );
    await handler({ id: 'x', deep: { n: 3 } }, context);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'INFO',
      message: 'forecast',
      service: 'shop',
      function: 'forecast',
      function_request_id: 'r-1',
      id: 'x',
      outcome: 'done',
      ms: expect.any(Number),
    });
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('logs and throws on what its work throws, with the ids', async () => {
    const fails = async () => {
      throw new TypeError('broken');
    };
    const handler = lambda('forecast', schema, () => ({}), fails, { ids: ({ id }) => ({ id }) });
    await expect(handler({ id: 'x' }, context)).rejects.toThrow(TypeError);
    expect(lines[0]).toMatchObject({ level: 'ERROR', message: 'forecast failed', id: 'x' });
    expect(lines[0]!.error).toMatchObject({ name: 'TypeError', message: 'broken' });
  });

  it('does not work on an event that is wrong, or without its environment', async () => {
    const work = vi.fn(async () => 1);
    const handler = lambda('forecast', schema, () => ({}), work);
    await expect(handler({}, context)).rejects.toThrow(BadInput);
    vi.stubEnv('BUCKET', '');
    const other = lambda('forecast', schema, () => ({}), work);
    await expect(other({ id: 'x' }, context)).rejects.toThrow('environment of forecast');
    expect(work).not.toHaveBeenCalled();
  });

  it('publishes its metrics, also where its work fails', async () => {
    const handler = lambda(
      'forecast',
      schema,
      () => ({}),
      async (_, { metrics }) => {
        metrics.addMetric('GoodTick', 'Count', 1);
        throw new Error('late');
      },
    );
    await expect(handler({ id: 'x' }, context)).rejects.toThrow('late');
    const emf = lines.find((line) => '_aws' in line);
    expect(emf).toMatchObject({ service: 'shop', GoodTick: 1 });
    expect(JSON.stringify(emf!._aws)).toContain('"Namespace":"Foreshard"');
  });

  it('lets an event through once, where it is asked to', async () => {
    const seen = new Set<string>();
    let works = 0;
    const handler = lambda(
      'forecast',
      schema,
      () => ({}),
      async () => ++works,
      {
        once: async (name, { TABLE }, _, event, work) => {
          const key = `${TABLE}/${name}/${event.id}`;
          if (seen.has(key)) return 0 as never;
          seen.add(key);
          return work();
        },
      },
    );
    for (const id of ['x', 'x', 'y']) await handler({ id }, context);
    expect([works, [...seen]]).toEqual([2, ['table/forecast/x', 'table/forecast/y']]);
  });
});
