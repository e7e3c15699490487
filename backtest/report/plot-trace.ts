import { isBound } from './headline.ts';
import { type Box, round, type Scale } from './plot-scale.ts';
import type { Comparison, PolicyResult } from './run-record.ts';

export type Kind = 'ours' | 'bound' | 'predictive' | 'tracking' | 'other';

/** One policy as it is drawn (px). */
export interface Trace {
  readonly result: PolicyResult;
  readonly kind: Kind;
  /** Hours it needs at our unmet load, if it gets there. */
  readonly same: number | undefined;
  /** Its front, not clipped; empty where it does not touch the box. */
  readonly line: readonly (readonly [number, number])[];
  /** Its chosen point, pulled to the edge of the box when it lies outside, and to which side it does. */
  readonly dot: {
    readonly x: number;
    readonly y: number;
    readonly beyond?: 'up' | 'left' | 'right' | 'down';
  };
  /** Where its label's leader starts: the right end of its line, or else its dot. */
  readonly end: { readonly x: number; readonly y: number };
}

export function tracesOf({ ours, peers, atOurUnmet }: Comparison, box: Box, x: Scale, y: Scale): Trace[] {
  const same = new Map(atOurUnmet.map(({ policy, hours }) => [policy, hours]));
  return [...peers, ours].map((result): Trace => {
    const line = result.front.map(({ unmet, hours }) => [x.at(unmet), y.at(hours)] as const);
    const end = line.length > 1 ? rightEnd(line, box) : undefined;
    const dot = pulledIn(x.at(result.unmet), y.at(result.hours), box);
    return {
      result,
      kind: result === ours ? 'ours' : kindOf(result.policy),
      same: result === ours ? ours.hours : same.get(result.policy),
      line: end === undefined ? [] : line,
      dot,
      end: end ?? dot,
    };
  });
}

function kindOf(policy: string): Kind {
  if (isBound(policy)) return 'bound';
  if (/predictive/i.test(policy)) return 'predictive';
  return /tracking/i.test(policy) ? 'tracking' : 'other';
}

/** Where a front, falling to the right, leaves the box or ends in it. */
function rightEnd(
  line: readonly (readonly [number, number])[],
  { left, right, top, bottom }: Box,
): { x: number; y: number } | undefined {
  const after = line.findIndex(([x]) => x > right);
  const [x0, y0] = line[after < 0 ? line.length - 1 : after - 1] ?? [Number.NaN, Number.NaN];
  const [x1, y1] = line[after] ?? [x0, y0];
  const x = after < 0 ? x0 : right;
  const y = x1 === x0 ? y0 : y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
  return x >= left && y >= top && y <= bottom ? { x, y: round(y) } : undefined;
}

function pulledIn(x: number, y: number, { left, right, top, bottom }: Box): Trace['dot'] {
  const place = { x: Math.min(right, Math.max(left, x)), y: Math.min(bottom, Math.max(top, y)) };
  if (y < top) return { ...place, beyond: 'up' };
  if (x < left) return { ...place, beyond: 'left' };
  if (x > right) return { ...place, beyond: 'right' };
  return y > bottom ? { ...place, beyond: 'down' } : place;
}
