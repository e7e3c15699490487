import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { changes } from '../../core/api/operation.ts';
import { OPERATIONS, type OperationId } from '../../core/api/operations.ts';
import { PROBLEM_TYPES } from '../../core/api/problem.ts';
import { documentOf } from '../../lambdas/api/document.ts';
import { Stage } from './stage.ts';

// As it is served: JSON.
const document = JSON.parse(JSON.stringify(documentOf('https://api.example.com')));
const all = Object.entries(OPERATIONS);
// biome-ignore lint/suspicious/noExplicitAny: a document is a tree of anything
const said = (path: string, method: string): any => document.paths[path]?.[method.toLowerCase()];

describe('the OpenAPI document', () => {
  it('has each operation under its id, and no other', () => {
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path as object).map((one) => one.operationId),
    );
    expect(ids.sort()).toEqual(Object.keys(OPERATIONS).sort());
    for (const [id, { path, method }] of all) expect(said(path, method).operationId).toBe(id);
  });

  it('has the four operations of the concept by their names', () => {
    const named = [
      'allocateShards',
      'getInterruptionRisk',
      'requestPreAllocation',
      'handleShardInterruption',
    ];
    expect(Object.keys(OPERATIONS)).toEqual(expect.arrayContaining(named));
  });

  it.each(all)(
    'says of %s which kind of shard it means, what it takes and what may go wrong',
    (_, operation) => {
      const { tags, parameters = [], responses, requestBody } = said(operation.path, operation.method);
      expect(document.tags.map(({ name }: { name: string }) => name)).toContain(tags[0]);
      const variables = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const inPath = parameters.filter((one: { in: string }) => one.in === 'path');
      expect(inPath.map((one: { name: string }) => one.name)).toEqual(variables);
      expect(requestBody !== undefined).toBe('body' in operation);
      const statuses = Object.keys(responses).map(Number);
      expect(statuses).toEqual(expect.arrayContaining([operation.status, 403, 429, 500]));
      expect(responses[500].content).toHaveProperty(['application/problem+json']);
      const isRepeatable = parameters.some((one: { name: string }) => one.name === 'idempotency-key');
      expect(isRepeatable).toBe(changes(operation));
    },
  );

  it('refers to nothing that is not there', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    expect(refs.length).toBeGreaterThan(20);
    for (const [, name] of refs) expect(document.components.schemas).toHaveProperty(name!);
  });

  it('has requests signed', () => {
    expect(document.security).toEqual([{ sigv4: [] }]);
    expect(document.components.securitySchemes.sigv4['x-amazon-apigateway-authtype']).toBe('awsSigv4');
  });

  it('is what is served', async () => {
    const { status, body } = await new Stage().get('/openapi.json');
    expect([status, body]).toEqual([200, document]);
  });

  it('tells no two operations apart by more than their path', () => {
    const ids = all.map(([id]) => id) as OperationId[];
    const keys = ids.map(
      (id) => `${OPERATIONS[id].method} ${OPERATIONS[id].path.replaceAll(/\{\w+\}/g, '{}')}`,
    );
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('docs/api.md', () => {
  const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');

  it.each(all)('has %s with its request', (id, { method, path }) => {
    expect(text).toMatch(
      new RegExp(`\\| \`${id}\` \\| \`${method} ${path.replaceAll(/[{}]/g, '\\$&')}[\`?]`),
    );
  });

  it('has every type of problem', () => {
    for (const [type, { status }] of Object.entries(PROBLEM_TYPES))
      expect(text).toContain(`| ${status} | \`${type}\` |`);
  });
});
