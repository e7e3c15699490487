import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import type { Ask } from './cloudwatch-asks.ts';
import { type Answer, type CloudWatch, readMetrics, type Window } from './cloudwatch-read.ts';

/** A silent minute is believed so much later than a busy one: counts may come after the hosts were counted. */
export const SETTLE: Seconds = MINUTE;

/** How long CloudWatch keeps points of each period. */
const KEPT = [
  { period: HOUR, oldest: 455 * DAY, youngest: 63 * DAY },
  { period: 5 * MINUTE, oldest: 63 * DAY, youngest: 15 * DAY },
  { period: MINUTE, oldest: 15 * DAY, youngest: 0 },
] as const;

/**
 * The stretches of `from < time ≤ to` by what CloudWatch still has of them, oldest first.
 * @param known what ends after it is not complete yet, and left out
 */
export function windowsOf(from: Seconds, to: Seconds, now: Seconds, known: Seconds): Window[] {
  return KEPT.flatMap(({ period, oldest, youngest }) => {
    const after = (time: Seconds) => Math.floor(time / period) * period + period;
    // Hours begin where no minutes are kept any more: cut on the hour, so that nothing is covered twice.
    const cut = (age: Seconds) => Math.ceil((now - age) / HOUR) * HOUR;
    const begin = Math.max(after(from), cut(oldest));
    const whole = Math.floor(known / period) * period;
    const end = Math.min(after(to), whole, youngest === 0 ? whole : cut(youngest));
    return begin < end ? [{ from: begin, end, period }] : [];
  });
}

/** What a stretch of load is read of: the load itself, and the hosts that tell silence from lateness. */
export interface Source {
  readonly load: Ask;
  readonly hosts: Ask | undefined;
}

/**
 * Load in one window: hosts are asked for only where points are missing.
 * @throws what reading throws
 */
export async function readLoad(
  cloudWatch: CloudWatch,
  { load, hosts }: Source,
  window: Window,
  stopAt: Seconds,
): Promise<readonly LoadPoint[]> {
  const answer = (await readMetrics(cloudWatch, [load], window, stopAt)).get(load)!;
  const slots = (window.end - window.from) / window.period;
  if (hosts === undefined || !answer.complete || answer.points.length >= slots) return answer.points;
  const counted = (await readMetrics(cloudWatch, [hosts], window, stopAt)).get(hosts)!;
  return withSilence(answer, counted, window.end - SETTLE);
}

/**
 * The rule of silence: an ALB reports no requests where none flow. No requests, but healthy hosts that could have
 * served some: zero. Neither: late, and late is not zero. No healthy host: nobody knows what they would have served.
 * @param before silence from then on is not believed yet
 */
export function withSilence(load: Answer, hosts: Answer, before: Seconds): readonly LoadPoint[] {
  if (!load.complete) return load.points;
  const busy = new Set(load.points.map(({ time }) => time));
  const silent = hosts.points.filter(
    ({ time, load: count }) => count > 0 && time < before && !busy.has(time),
  );
  if (silent.length === 0) return load.points;
  const zeros = silent.map(({ time }) => ({ time, load: 0 }));
  return [...load.points, ...zeros].sort((a, b) => a.time - b.time);
}
