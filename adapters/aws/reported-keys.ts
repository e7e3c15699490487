import type { KeyCounts } from '../../core/forecast/emerging/counts.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import type { Report } from './reported-lines.ts';
import { type Reports, readReports } from './reported-read.ts';

/** Spans in which counts are taken; an hour is a multiple of it. */
const SPAN: Seconds = 5 * MINUTE;
/** How long a throttled call is tried again. */
const PATIENCE: Seconds = 30;

/** What instances counted of the keys of each shard. */
export class ReportedKeys {
  readonly #reports: Reports;

  constructor(reports: Reports) {
    this.#reports = reports;
  }

  /**
   * Spans of five minutes from `from` to before `to` (both multiples of it) in which somebody reported, per shard.
   * @throws what CloudWatch Logs refuses
   */
  async read(from: Seconds, to: Seconds): Promise<ReadonlyMap<string, readonly KeyCounts[]>> {
    const stopAt = this.#reports.clock.now() + PATIENCE;
    return keyCounts(await readReports(this.#reports, from, to, stopAt));
  }
}

interface Span {
  total: number;
  readonly counts: Map<string, number>;
}

/** Exported for its test. */
export function keyCounts(reports: readonly Report[]): ReadonlyMap<string, readonly KeyCounts[]> {
  const spans = new Map<string, Map<Seconds, Span>>();
  const spanOf = (shard: string, minute: Seconds): Span => {
    const own = spans.get(shard) ?? new Map<Seconds, Span>();
    spans.set(shard, own);
    const from = Math.floor(minute / SPAN) * SPAN;
    const span = own.get(from) ?? { total: 0, counts: new Map<string, number>() };
    own.set(from, span);
    return span;
  };
  for (const { minute, slices, keys = [] } of reports) {
    for (const { shard, requests } of slices) spanOf(shard, minute).total += requests;
    for (const { shard, key, requests } of keys) {
      const { counts } = spanOf(shard, minute);
      counts.set(key, (counts.get(key) ?? 0) + requests);
    }
  }
  return new Map(
    [...spans].map(([shard, bySpan]) => [
      shard,
      [...bySpan]
        .sort(([a], [b]) => a - b)
        .map(([from, { total, counts }]) => ({ from, to: from + SPAN, total, counts })),
    ]),
  );
}
