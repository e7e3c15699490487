/**
 * The load of one shard cut into levels: level k (from 0) is what the k+1-st instance can serve of it, a share of its
 * capacity in [0, 1] per minute. Equal neighbours are one segment, so all levels together have about as many segments
 * as there are minutes: each minute has only one level that is neither empty nor full.
 */
export interface Levels {
  readonly capacity: number;
  /** Segments of level k are `offsets[k] … offsets[k + 1] − 1`. */
  readonly offsets: Int32Array;
  /** First minute of a segment; it lasts until the next one of its level begins, or until the end. */
  readonly starts: Int32Array;
  readonly shares: Float64Array;
  /** Shares of level 0 summed: what the one instance that is always active serves, in instance-minutes. */
  readonly base: number;
}

/** Cuts the judged minutes of a shard's load; minute 0 is the first judged one. */
export function levelsOf(load: Float64Array, history: number, capacity: number): Levels {
  const minutes = load.length - history;
  let peak = 0;
  let base = 0;
  for (let t = 0; t < minutes; t++) {
    const used = load[history + t]! / capacity;
    if (used > peak) peak = used;
    base += Math.min(1, used);
  }
  const count = Math.max(1, Math.ceil(peak));
  const counts = new Int32Array(count);
  eachChange(load, history, capacity, count, (k) => {
    counts[k]!++;
  });
  const offsets = new Int32Array(count + 1);
  for (let k = 0; k < count; k++) offsets[k + 1] = offsets[k]! + counts[k]!;
  const starts = new Int32Array(offsets[count]!);
  const shares = new Float64Array(offsets[count]!);
  const next = offsets.slice();
  eachChange(load, history, capacity, count, (k, t, share) => {
    const i = next[k]!++;
    starts[i] = t;
    shares[i] = share;
  });
  return { capacity, offsets, starts, shares, base };
}

function eachChange(
  load: Float64Array,
  history: number,
  capacity: number,
  count: number,
  visit: (level: number, minute: number, share: number) => void,
): void {
  const last = new Float64Array(count).fill(-1);
  let before = count - 1;
  for (let t = 0; t + history < load.length; t++) {
    const used = load[history + t]! / capacity;
    const now = Math.min(count - 1, Math.floor(used));
    // At minute 0 every level begins; later only those between the old and the new partial level can change.
    const low = t === 0 ? 0 : Math.min(before, now);
    const high = Math.max(before, now);
    for (let k = low; k <= high; k++) {
      const share = Math.min(1, Math.max(0, used - k));
      if (share === last[k]) continue;
      last[k] = share;
      visit(k, t, share);
    }
    before = now;
  }
}
