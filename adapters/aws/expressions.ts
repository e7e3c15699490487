import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { convertToAttr } from '@aws-sdk/util-dynamodb';
import { storable } from './storable.ts';
import type { Change, Condition, Test } from './table.ts';

/**
 * Names and values of one DynamoDB request. Every attribute has an alias, because hundreds of words (`shard`, `at`,
 * `state`) are reserved.
 */
export class Names {
  readonly #names = new Map<string, string>();
  readonly #values: Record<string, AttributeValue> = {};
  #count = 0;

  name(attribute: string): string {
    const known = this.#names.get(attribute);
    if (known !== undefined) return known;
    const alias = `#a${this.#names.size}`;
    this.#names.set(attribute, alias);
    return alias;
  }

  value(value: unknown): string {
    const alias = `:v${this.#count++}`;
    this.#values[alias] = convertToAttr(storable(value), { removeUndefinedValues: true });
    return alias;
  }

  /** DynamoDB refuses empty maps. */
  attributes(): {
    ExpressionAttributeNames?: Record<string, string>;
    ExpressionAttributeValues?: Record<string, AttributeValue>;
  } {
    const names = Object.fromEntries([...this.#names].map(([attribute, alias]) => [alias, attribute]));
    return {
      ...(this.#names.size > 0 && { ExpressionAttributeNames: names }),
      ...(this.#count > 0 && { ExpressionAttributeValues: this.#values }),
    };
  }
}

/** Undefined: nothing is asked. @throws {RangeError} on an array without an alternative, which nothing could meet. */
export function conditionExpression(names: Names, only: Condition | undefined): string | undefined {
  const alternatives = alternativesOf(only);
  // An alternative without tests always holds.
  if (alternatives.some((tests) => Object.keys(tests).length === 0)) return undefined;
  const all = alternatives.map((tests) =>
    Object.entries(tests)
      .map(([attribute, test]) => testExpression(names, attribute, test))
      .join(' AND '),
  );
  return all.length === 1 ? all[0] : all.map((tests) => `(${tests})`).join(' OR ');
}

/** The alternatives of a condition, of which one must hold. */
export function alternativesOf(only: Condition | undefined): readonly Readonly<Record<string, Test>>[] {
  if (only === undefined) return [{}];
  if (!isArray(only)) return [only];
  if (only.length === 0) throw new RangeError('condition: expected at least one alternative, got none');
  return only;
}

function testExpression(names: Names, attribute: string, test: Test): string {
  const name = names.name(attribute);
  if ('absent' in test) return `attribute_not_exists(${name})`;
  if ('present' in test) return `attribute_exists(${name})`;
  if ('atMost' in test) return `${name} <= ${names.value(test.atMost)}`;
  return `${name} = ${names.value(test.is)}`;
}

/** @throws {RangeError} on a change of the key, or two of one attribute: DynamoDB refuses both, not every server does. */
export function checkChange({ set = {}, remove = [], add = {} }: Change): void {
  const touched = new Set(['pk', 'sk']);
  for (const attribute of [...Object.keys(set), ...remove, ...Object.keys(add)]) {
    if (touched.has(attribute))
      throw new RangeError(`update: expected each attribute but the key once, got ${attribute}`);
    touched.add(attribute);
  }
}

/** @throws as {@link checkChange} does. */
export function updateExpression(names: Names, change: Change): string {
  checkChange(change);
  const { set = {}, remove = [], add = {} } = change;
  const sets = Object.entries(set)
    .filter(([, value]) => value !== undefined)
    .map(([attribute, value]) => `${names.name(attribute)} = ${names.value(value)}`);
  const removes = remove.map((attribute) => names.name(attribute));
  const adds = Object.entries(add).map(
    ([attribute, value]) => `${names.name(attribute)} ${names.value(value)}`,
  );
  return [clause('SET', sets), clause('REMOVE', removes), clause('ADD', adds)].filter(Boolean).join(' ');
}

const clause = (word: string, parts: readonly string[]) =>
  parts.length > 0 ? `${word} ${parts.join(', ')}` : '';

// Array.isArray does not narrow readonly arrays.
const isArray = (only: Condition): only is readonly Readonly<Record<string, Test>>[] => Array.isArray(only);
