import type { StoredSlice } from '../ports.ts';
import type { Seconds } from '../time.ts';

/** Whether a workflow holds the slice at `now`. */
export function isHeld(item: StoredSlice, now: Seconds): boolean {
  return item.holder !== undefined && (item.holderExpires ?? 0) > now;
}
