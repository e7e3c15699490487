import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { conditionExpression, Names, updateExpression } from './expressions.ts';
import { storable } from './storable.ts';
import type { Change, Condition, Item, Table, Updated } from './table.ts';

type Client = Pick<DynamoDBClient, 'send'>;
type Stored = Record<string, AttributeValue>;

/**
 * {@link Table} on DynamoDB. Throttling and lost connections are retried by the client; a conditional write whose
 * answer was lost may therefore come back as refused although it was made: callers compare what is there with what
 * they wanted.
 */
export class DynamoTable implements Table {
  readonly #client: Client;
  readonly #name: string;

  constructor(client: Client, name: string) {
    this.#client = client;
    this.#name = name;
  }

  async get(pk: string, sk: string): Promise<Item | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#name, Key: keyOf(pk, sk), ConsistentRead: true }),
    );
    return itemOf(Item);
  }

  async query(
    pk: string,
    { from, to, newest }: { readonly from?: string; readonly to?: string; readonly newest?: number } = {},
  ): Promise<readonly Item[]> {
    // DynamoDB refuses a range that ends before it begins; it holds nothing.
    if ((from !== undefined && to !== undefined && from > to) || newest === 0) return [];
    const { keys, values } = rangeOf(pk, from, to);
    const found: Item[] = [];
    let next: Stored | undefined;
    do {
      const page = await this.#client.send(
        new QueryCommand({
          TableName: this.#name,
          ConsistentRead: true,
          KeyConditionExpression: keys,
          ExpressionAttributeNames: { '#pk': 'pk', ...(keys.includes('#sk') && { '#sk': 'sk' }) },
          ExpressionAttributeValues: marshall(values),
          ScanIndexForward: newest === undefined,
          ...(newest !== undefined && { Limit: newest - found.length }),
          ...(next && { ExclusiveStartKey: next }),
        }),
      );
      for (const item of page.Items ?? []) found.push(itemOf(item)!);
      next = page.LastEvaluatedKey;
    } while (next !== undefined && !(newest !== undefined && found.length >= newest));
    return newest === undefined ? found : found.reverse();
  }

  async put(item: Item, only?: Condition): Promise<boolean> {
    const names = new Names();
    const condition = conditionExpression(names, only);
    return this.#conditional(
      new PutItemCommand({
        TableName: this.#name,
        Item: marshall(storable(item), WRITE),
        ...(condition && { ConditionExpression: condition, ...names.attributes() }),
      }),
    );
  }

  async update(pk: string, sk: string, change: Change, only?: Condition): Promise<Updated> {
    const names = new Names();
    const update = updateExpression(names, change);
    const condition = conditionExpression(names, only);
    try {
      const { Attributes } = await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#name,
          Key: keyOf(pk, sk),
          ...(update && { UpdateExpression: update }),
          ...(condition && { ConditionExpression: condition }),
          ...names.attributes(),
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { ok: true, item: itemOf(Attributes)! };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const item = itemOf(error.Item);
      return item === undefined ? { ok: false } : { ok: false, item };
    }
  }

  async delete(pk: string, sk: string, only?: Condition): Promise<boolean> {
    const names = new Names();
    const condition = conditionExpression(names, only);
    return this.#conditional(
      new DeleteItemCommand({
        TableName: this.#name,
        Key: keyOf(pk, sk),
        ...(condition && { ConditionExpression: condition, ...names.attributes() }),
      }),
    );
  }

  async #conditional(command: PutItemCommand | DeleteItemCommand): Promise<boolean> {
    try {
      await this.#client.send(command as PutItemCommand);
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

const WRITE = { removeUndefinedValues: true } as const;

const keyOf = (pk: string, sk: string): Stored => ({ pk: { S: pk }, sk: { S: sk } });

/** A failed condition of an absent item comes with no attributes, from some servers with an empty set of them. */
function itemOf(stored: Stored | undefined): Item | undefined {
  return stored?.pk === undefined ? undefined : (unmarshall(stored) as Item);
}

function rangeOf(pk: string, from: string | undefined, to: string | undefined) {
  const values: Record<string, string> = { ':pk': pk };
  if (from !== undefined) values[':from'] = from;
  if (to !== undefined) values[':to'] = to;
  let range = '';
  if (from !== undefined && to !== undefined) range = ' AND #sk BETWEEN :from AND :to';
  else if (from !== undefined) range = ' AND #sk >= :from';
  else if (to !== undefined) range = ' AND #sk <= :to';
  return { keys: `#pk = :pk${range}`, values };
}
