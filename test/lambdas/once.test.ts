import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { once } from '../../lambdas/lib/once.ts';

const context = { getRemainingTimeInMillis: () => 5000 } as Context;
const env = { TABLE: 'table' };

/** A real client, as Powertools asks for, whose calls end here: one table of idempotency items. */
function stage() {
  const items = new Map<string, Record<string, { S?: string; N?: string }>>();
  const client = new DynamoDBClient({ region: 'eu-west-1' });
  // biome-ignore lint/suspicious/noExplicitAny: it stands for the SDK's overloads
  client.send = (async (command: any) => {
    const { Key, Item, TableName } = command.input;
    const key = `${TableName} ${(Key ?? Item).pk.S} ${(Key ?? Item).sk.S}`;
    const there = items.get(key);
    if (command.constructor.name === 'PutItemCommand') {
      if (there !== undefined)
        throw new ConditionalCheckFailedException({ message: 'exists', Item: there as never, $metadata: {} });
      items.set(key, Item);
    } else if (command.constructor.name === 'UpdateItemCommand') {
      const { ':status': status, ':response_data': data } = command.input.ExpressionAttributeValues;
      items.set(key, { ...there, status, data });
    } else if (command.constructor.name === 'DeleteItemCommand') items.delete(key);
    else return { Item: there };
    return {};
  }) as never;
  const guard = once<{ id?: string }>(
    ({ id }) => id,
    () => client,
  );
  let works = 0;
  const run = (id: string | undefined, work: () => Promise<unknown> = async () => ({ n: ++works })) =>
    guard('instance-events', env, context, id === undefined ? {} : { id }, work);
  return { items, run, works: () => works };
}

describe('an event that comes twice', () => {
  it('is worked on once, and answered the same', async () => {
    const { run, works, items } = stage();
    expect(await run('e-1')).toEqual({ n: 1 });
    expect(await run('e-1')).toEqual({ n: 1 });
    expect(await run('e-2')).toEqual({ n: 2 });
    expect(works()).toBe(2);
    const [key] = [...items.keys()];
    expect(key).toMatch(/^table idempotency instance-events#/);
    expect(Number([...items.values()][0]!.ttl!.N)).toBeGreaterThan(Date.now() / 1000 + 86_000);
  });

  it('is worked on again where the first time failed', async () => {
    const { run, items } = stage();
    await expect(run('e-1', async () => Promise.reject(new Error('first')))).rejects.toThrow('first');
    expect(items.size).toBe(0);
    expect(await run('e-1')).toEqual({ n: 1 });
  });

  it('while the first one runs is refused, so that it is delivered again', async () => {
    const { run } = stage();
    let end = (_: unknown) => {};
    const first = run(
      'e-1',
      () =>
        new Promise((resolve) => {
          end = resolve;
        }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await expect(run('e-1')).rejects.toThrow(/in progress/i);
    end(null);
    await first;
  });

  it('without an id is always worked on', async () => {
    const { run, works } = stage();
    await run(undefined);
    await run(undefined);
    expect(works()).toBe(2);
  });
});
