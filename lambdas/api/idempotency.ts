import {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  IdempotencyValidationError,
  makeIdempotent,
} from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { PK } from '../../adapters/aws/table.ts';
import { ApiProblem } from '../../core/api/problem.ts';
import { DAY } from '../../core/time.ts';

/** A change that may be repeated under a key. */
export interface Repeatable {
  /** The key, and who uses it for what: the same key of somebody else is another one. */
  readonly key: readonly string[];
  /** What it is asked to do; the same at each repeat. */
  readonly request: unknown;
}

/** Does the work once per key, and answers a repeat as the first time. */
export type OncePerKey = <R>(what: Repeatable, remaining: () => number, work: () => Promise<R>) => Promise<R>;

/**
 * Powertools idempotency on the service's table: items `idempotency`, `api#<hash of the key>`, for a day. Work that
 * fails may be repeated.
 * @throws {ApiProblem} `in-progress` while the first one runs, `key-reused` when the request is another one
 */
export function oncePerKey(tableName: string, client: () => DynamoDBClient): OncePerKey {
  let store: DynamoDBPersistenceLayer | undefined;
  const config = new IdempotencyConfig({
    expiresAfterSeconds: DAY,
    hashFunction: 'sha256',
    eventKeyJmesPath: 'key',
    payloadValidationJmesPath: 'request',
  });
  return async <R>(what: Repeatable, remaining: () => number, work: () => Promise<R>): Promise<R> => {
    store ??= new DynamoDBPersistenceLayer({
      tableName,
      keyAttr: 'pk',
      sortKeyAttr: 'sk',
      staticPkValue: PK.idempotency,
      expiryAttr: 'ttl',
      awsSdkV3Client: client(),
    });
    // The context is the second argument, so that Powertools knows when this invocation ends.
    const guarded = makeIdempotent(async (_: Repeatable, __: Context) => work(), {
      persistenceStore: store,
      config,
      keyPrefix: 'api',
    });
    try {
      return (await guarded(what, { getRemainingTimeInMillis: remaining } as Context)) as R;
    } catch (error) {
      if (error instanceof IdempotencyAlreadyInProgressError)
        throw new ApiProblem(
          'in-progress',
          'the first request with this idempotency key has not been answered yet',
        );
      if (error instanceof IdempotencyValidationError)
        throw new ApiProblem('key-reused', 'this idempotency key came with another request before');
      throw error;
    }
  };
}
