/** A step that no small fraction comes near: times of day and days of week all have their turn. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * At most `most` whole numbers from `from` (inclusive) to `to` (exclusive), ascending, spread evenly and out of step
 * with days and weeks. More of them contain fewer of them, so that what was computed for fewer is not lost.
 */
export function evenly(from: number, to: number, most: number): number[] {
  const size = to - from;
  if (size <= most) return Array.from({ length: Math.max(0, size) }, (_, i) => from + i);
  const chosen = new Set<number>();
  for (let n = 0; chosen.size < most; n++) chosen.add(from + Math.floor(size * ((n * GOLDEN) % 1)));
  return [...chosen].sort((a, b) => a - b);
}
