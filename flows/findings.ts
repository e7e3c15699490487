import type { Finding } from '../core/capacity/plan.ts';
import type { Event } from '../core/ports.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { event } from './events.ts';

/** Seconds after which a finding that lasts is published again. */
export const AGAIN_AFTER: Seconds = 10 * MINUTE;

/** Most findings that are remembered: they are kept in one item. What is beyond is in the plan all the same. */
const MOST = 2000;

/** A finding that was there at the last tick: plain data, kept between ticks. */
export interface OpenFinding {
  readonly kind: Finding['kind'];
  readonly shard?: string;
  /** When it first appeared. */
  readonly since: Seconds;
  readonly publishedAt: Seconds;
  /** What an anomaly was when it was published last: one that turns into another is told of again. */
  readonly what?: string;
}

export interface Findings {
  readonly events: readonly Event[];
  readonly open: readonly OpenFinding[];
}

/**
 * What is to be published of a plan's findings: each when it appears and every {@link AGAIN_AFTER} while it lasts, and
 * `Resolved` when it has ended; a finding that flaps is a new one each time.
 * @param open those of the tick before
 */
export function findingEvents(
  open: readonly OpenFinding[],
  found: readonly Finding[],
  at: Seconds,
): Findings {
  const before = new Map(open.map((one) => [keyOf(one), one]));
  const events: Event[] = [];
  const now = found.slice(0, MOST).map((finding): OpenFinding => {
    const known = before.get(keyOf(finding));
    before.delete(keyOf(finding));
    const what = whatOf(finding);
    if (known !== undefined && known.what === what && at - known.publishedAt < AGAIN_AFTER) return known;
    const since = known?.since ?? at;
    events.push(findingEvent(finding, at, since));
    return {
      kind: finding.kind,
      ...shardOf(finding),
      since,
      publishedAt: at,
      ...(what !== undefined && { what }),
    };
  });
  for (const { kind, since, ...of } of before.values())
    events.push(event('Resolved', at, { finding: kind, ...shardOf(of), since }));
  return { events, open: now };
}

function findingEvent(finding: Finding, at: Seconds, since: Seconds): Event {
  switch (finding.kind) {
    case 'GuaranteeAtRisk':
      return event('GuaranteeAtRisk', at, { ...without(finding), since });
    case 'PoolExhausted':
      return event('PoolExhausted', at, { ...without(finding), since });
    case 'FleetAtMax':
      return event('FleetAtMax', at, { ...without(finding), since });
    case 'LoadLate':
      return event('LoadLate', at, { ...aged(finding), since });
    case 'ForecastLate':
      return event('ForecastLate', at, { ...aged(finding), since });
    case 'ForecastAnomaly': {
      const { kind: what, since: time, ...unusual } = finding.unusual;
      return event('ForecastAnomaly', at, { shard: finding.shard, what, time, ...unusual, since });
    }
  }
}

function whatOf(finding: Finding): string | undefined {
  return finding.kind === 'ForecastAnomaly' ? finding.unusual.kind : undefined;
}

function without<T extends Finding>({ kind: _, ...rest }: T): Omit<T, 'kind'> {
  return rest;
}

/** JSON knows no infinite age: what never was has none. */
function aged({ shard, age }: Finding & { readonly kind: 'LoadLate' | 'ForecastLate' }) {
  return Number.isFinite(age) ? { shard, age } : { shard };
}

const shardOf = (one: object & { shard?: string }) => (one.shard === undefined ? {} : { shard: one.shard });
const keyOf = (one: { readonly kind: string; readonly shard?: string }) => `${one.kind} ${one.shard ?? ''}`;
