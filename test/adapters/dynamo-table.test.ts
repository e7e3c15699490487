import { type AttributeValue, QueryCommand, type UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { DynamoTable } from '../../adapters/aws/dynamo-table.ts';

type Key = Record<string, AttributeValue>;

/** Answers with pages of two items, and keeps what it was asked. */
function paged(keys: readonly string[]) {
  const asked: QueryCommand['input'][] = [];
  const send = async (command: unknown) => {
    if (!(command instanceof QueryCommand)) throw new TypeError('expected a Query');
    const { input } = command;
    asked.push(input);
    const ordered = input.ScanIndexForward === false ? keys.toReversed() : keys;
    const from = input.ExclusiveStartKey === undefined ? 0 : Number(input.ExclusiveStartKey.at?.N) + 1;
    const page = ordered.slice(from, from + Math.min(2, input.Limit ?? 2));
    const next = from + page.length - 1;
    const LastEvaluatedKey: Key | undefined = next < keys.length - 1 ? { at: { N: `${next}` } } : undefined;
    return { Items: page.map((sk) => marshall({ pk: 'p', sk })), LastEvaluatedKey };
  };
  return { asked, table: new DynamoTable({ send } as never, 'table') };
}

describe('DynamoTable', () => {
  it('follows every page of a query', async () => {
    const { asked, table } = paged(['a', 'b', 'c', 'd', 'e']);
    expect((await table.query('p')).map(({ sk }) => sk).join('')).toBe('abcde');
    expect(asked).toHaveLength(3);
    for (const input of asked)
      expect(input).toMatchObject({ TableName: 'table', ConsistentRead: true, ScanIndexForward: true });
  });

  it('reads no more pages than the newest items need, and turns them round', async () => {
    const { asked, table } = paged(['a', 'b', 'c', 'd', 'e']);
    expect((await table.query('p', { from: 'a', newest: 3 })).map(({ sk }) => sk).join('')).toBe('cde');
    expect(asked.map(({ Limit }) => Limit)).toEqual([3, 1]);
  });

  it('gives every attribute an alias, because hundreds of words are reserved', async () => {
    let input: UpdateItemCommand['input'] | undefined;
    const send = async (command: UpdateItemCommand) => {
      input = command.input;
      return { Attributes: marshall({ pk: 'p', sk: 's' }) };
    };
    const table = new DynamoTable({ send } as never, 'table');
    await table.update('p', 's', { set: { shard: 'web' }, remove: ['holder'], add: { version: 1 } }, [
      { version: { is: 3 }, holder: { absent: true } },
      { expires: { atMost: 9 } },
    ]);
    expect(input).toMatchObject({
      UpdateExpression: 'SET #a0 = :v0 REMOVE #a1 ADD #a2 :v1',
      ConditionExpression: '(#a2 = :v2 AND attribute_not_exists(#a1)) OR (#a3 <= :v3)',
      ExpressionAttributeNames: { '#a0': 'shard', '#a1': 'holder', '#a2': 'version', '#a3': 'expires' },
      ExpressionAttributeValues: {
        ':v0': { S: 'web' },
        ':v1': { N: '1' },
        ':v2': { N: '3' },
        ':v3': { N: '9' },
      },
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  });

  it('passes on errors that are no refused condition', async () => {
    const send = async () => {
      throw new Error('throttled to the end');
    };
    const table = new DynamoTable({ send } as never, 'table');
    for (const call of [
      table.get('p', 's'),
      table.query('p'),
      table.put({ pk: 'p', sk: 's' }),
      table.update('p', 's', {}),
      table.delete('p', 's'),
    ])
      await expect(call).rejects.toThrow('throttled to the end');
  });
});
