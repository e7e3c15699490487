import { storableNumber } from '../../adapters/aws/storable.ts';

/** Most bytes of an item on DynamoDB. */
const MOST = 400 * 1024;

/**
 * A deep copy of plain data, without what is undefined.
 * @param what checks the data too, as DynamoDB would, and names it in the error
 * @throws {RangeError} on an item above 400 KB, a number that is not finite, or anything that is not plain data
 */
export function copyOf(value: unknown, what?: string): unknown {
  if (what === undefined) return copy(value, what, { bytes: Number.NEGATIVE_INFINITY });
  const size = { bytes: 0 };
  const copied = copy(value, what, size);
  if (size.bytes > MOST) throw new RangeError(`${what}: expected at most ${MOST} bytes, got ${size.bytes}`);
  return copied;
}

function copy(value: unknown, what: string | undefined, size: { bytes: number }): unknown {
  switch (typeof value) {
    case 'string':
      size.bytes += value.length;
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new RangeError(`${what}: expected finite numbers, got ${value}`);
      // Two digits a byte, and one.
      size.bytes += Number.isInteger(value) && Math.abs(value) < 1e9 ? 6 : 10;
      return storableNumber(value);
    case 'boolean':
      size.bytes += 1;
      return value;
    case 'object':
      break;
    default:
      throw new RangeError(`${what}: expected plain data, got a ${typeof value}`);
  }
  if (value === null) return null;
  if (value instanceof Uint8Array) {
    size.bytes += value.length;
    return value.slice();
  }
  size.bytes += 3;
  if (Array.isArray(value)) {
    const copied: unknown[] = [];
    for (const element of value) {
      if (element === undefined) continue;
      size.bytes += 1;
      copied.push(copy(element, what, size));
    }
    return copied;
  }
  const proto = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null)
    throw new RangeError(`${what}: expected plain data, got a ${value.constructor.name}`);
  const copied: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const element = (value as Record<string, unknown>)[key];
    if (element === undefined) continue;
    size.bytes += key.length + 1;
    copied[key] = copy(element, what, size);
  }
  return copied;
}
