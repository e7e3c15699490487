/** DynamoDB refuses numbers nearer to zero than this, other than zero. */
const LEAST = 1e-130;

/**
 * A number as DynamoDB takes it: nothing of ours is told apart from zero at that size. Quantiles of a shard without
 * load come that near to it.
 */
export const storableNumber = (value: number): number => (Math.abs(value) < LEAST ? 0 : value);

/** Plain data with each number as DynamoDB takes it. */
export function storable<T>(value: T): T {
  return map(value) as T;
}

function map(value: unknown): unknown {
  if (typeof value === 'number') return storableNumber(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(map);
  return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, map(element)]));
}
