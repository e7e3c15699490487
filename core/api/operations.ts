import * as z from 'zod';
import { HAND_OVERS } from './hand-overs.ts';
import { type InputOf, type Operation, operation, routeKey } from './operation.ts';
import { RESERVATIONS } from './reservations.ts';
import { RISK } from './risk.ts';
import { SHARDS } from './shards.ts';
import { VM_SHARDS } from './vm-shards.ts';

/** Every operation of the API; the key is its `operationId`. */
export const OPERATIONS = {
  ...SHARDS,
  ...RISK,
  ...RESERVATIONS,
  ...HAND_OVERS,
  ...VM_SHARDS,
  getDocument: operation({
    method: 'GET',
    path: '/openapi.json',
    tag: 'Service',
    summary: 'This document',
    status: 200,
    response: z
      .looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) })
      .meta({ description: 'OpenAPI 3.1.' }),
    problems: [],
  }),
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationId = keyof typeof OPERATIONS;
export type OperationInput<K extends OperationId> = InputOf<(typeof OPERATIONS)[K]>;
export type OperationOutput<K extends OperationId> = z.output<(typeof OPERATIONS)[K]['response']>;

const BY_ROUTE = new Map(
  (Object.keys(OPERATIONS) as OperationId[]).map((id) => [routeKey(OPERATIONS[id]), id]),
);

/** @param key `GET /shards`, as the gateway names the route that it took */
export const operationOf = (key: string): OperationId | undefined => BY_ROUTE.get(key);
