import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** A real client, as Powertools asks for, whose calls end here: one table of idempotency items. */
export function idempotencyItems(): DynamoDBClient {
  const items = new Map<string, Record<string, { S?: string; N?: string }>>();
  const client = new DynamoDBClient({ region: 'eu-west-1' });
  // biome-ignore lint/suspicious/noExplicitAny: it stands for the SDK's overloads
  client.send = (async (command: any) => {
    const { Key, Item, ExpressionAttributeNames: names, ExpressionAttributeValues: values } = command.input;
    const key = (Key ?? Item).sk.S;
    const there = items.get(key);
    if (command.constructor.name === 'PutItemCommand') {
      if (there !== undefined)
        throw new ConditionalCheckFailedException({ message: 'exists', Item: there as never, $metadata: {} });
      items.set(key, Item);
    } else if (command.constructor.name === 'UpdateItemCommand') {
      const set = Object.keys(names).map((name) => [names[name], values[name.replace('#', ':')]]);
      items.set(key, { ...there, ...Object.fromEntries(set.filter(([, value]) => value !== undefined)) });
    } else if (command.constructor.name === 'DeleteItemCommand') items.delete(key);
    else return { Item: there };
    return {};
  }) as never;
  return client;
}
