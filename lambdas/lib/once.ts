import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { PK } from '../../adapters/aws/table.ts';
import { DAY, type Seconds } from '../../core/time.ts';
import { dynamoClient } from './clients.ts';
import type { Once } from './handler.ts';

/** EventBridge delivers again for 24 h at most. */
const REMEMBERED: Seconds = DAY;

/**
 * Powertools idempotency on the service's table: items `idempotency`, `<function>#<hash of the id>`.
 * A duplicate while the first one still runs throws `IdempotencyAlreadyInProgressError`, so that it is delivered
 * again; work that throws may be repeated. Without an id the event is not checked.
 */
export function once<E>(
  id: (event: E) => string | undefined,
  client: () => DynamoDBClient = dynamoClient,
): Once<E> {
  let store: DynamoDBPersistenceLayer | undefined;
  const config = new IdempotencyConfig({ expiresAfterSeconds: REMEMBERED });
  return async <R>(
    name: string,
    { TABLE }: { readonly TABLE: string },
    context: Context,
    event: E,
    work: () => Promise<R>,
  ): Promise<R> => {
    const key = id(event);
    if (key === undefined) return work();
    store ??= new DynamoDBPersistenceLayer({
      tableName: TABLE,
      keyAttr: 'pk',
      sortKeyAttr: 'sk',
      staticPkValue: PK.idempotency,
      expiryAttr: 'ttl',
      awsSdkV3Client: client(),
    });
    // The context is the second argument, so that Powertools knows when this invocation ends.
    const guarded = makeIdempotent(async (_: string, __: Context) => (await work()) ?? null, {
      persistenceStore: store,
      config,
      keyPrefix: name,
    });
    return (await guarded(key, context)) as R;
  };
}
