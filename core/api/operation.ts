import * as z from 'zod';
import type { ProblemType } from './problem.ts';

/**
 * One operation of the API. The routes of the gateway, the OpenAPI document, the parsing of requests and the types of
 * the code that answers them are all made from these.
 */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `/shards/{shard}`: the parameters are those of `params`. */
  readonly path: `/${string}`;
  /** Which kind of shard it is about, or what else. */
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** Of the answer. */
  readonly status: 200 | 201 | 202;
  readonly response: z.ZodType;
  /** Besides those that every operation may have. */
  readonly problems: readonly ProblemType[];
}

export const TAGS = {
  'Service shards': 'Shards of the service, by their name in the settings.',
  'VM shards': 'Shards inside one instance, by the instance’s id and their own.',
  'Either kind': 'A service shard by its name, a VM shard as `<instance id>/<shard>`.',
  Service: 'What is about all shards.',
} as const;

export type Tag = keyof typeof TAGS;

export const operation = <const O extends Operation>(one: O): O => one;

type Out<O, K extends PropertyKey> =
  O extends Readonly<Record<K, infer S extends z.ZodType>> ? z.output<S> : undefined;

/** What an operation is called with, parsed. */
export interface InputOf<O extends Operation> {
  readonly params: Out<O, 'params'>;
  readonly query: Out<O, 'query'>;
  readonly body: Out<O, 'body'>;
}

/** Operations that change something may be repeated under an idempotency key. */
export const changes = ({ method }: Pick<Operation, 'method'>) => method !== 'GET';

/** As API Gateway names it. */
export const routeKey = ({ method, path }: Pick<Operation, 'method' | 'path'>) => `${method} ${path}`;

export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(50)
    .meta({ description: 'Most items of the answer.' }),
  cursor: z.string().min(1).max(1024).optional().meta({ description: '`next` of the page before. Opaque.' }),
};

/** A page of items; `next` is absent on the last one. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().optional().meta({ description: 'Cursor of the next page; absent on the last one.' }),
  });
