import type { Measured } from '../../core/capacity/plan.ts';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import type { Ask } from './cloudwatch-asks.ts';
import type { Answer } from './cloudwatch-read.ts';

/** What tells of pressure is of no use when it is older. */
const FRESH: Seconds = 3 * MINUTE;
/** CPU comes every five minutes where EC2's detailed monitoring is off. */
const FRESH_MACHINE: Seconds = 10 * MINUTE;

/** Answers by what was asked of whom. */
export class Answers {
  readonly #byOwner = new Map<string, Answer[]>();

  constructor(answers: Iterable<readonly [Ask, Answer]>) {
    for (const [{ of, what }, answer] of answers) {
      const key = `${what} ${of}`;
      this.#byOwner.set(key, [...(this.#byOwner.get(key) ?? []), answer]);
    }
  }

  all(of: string, what: Ask['what']): readonly Answer[] {
    return this.#byOwner.get(`${what} ${of}`) ?? [];
  }

  one(of: string, what: Ask['what']): Answer | undefined {
    return this.all(of, what)[0];
  }
}

/**
 * A shard as measured: load as of its newest point, pressure where it is fresh.
 * @param machines instances that serve it; of these the mean CPU and the mean memory count
 * @param end of the newest complete minute
 */
export function measuredOf(
  shard: string,
  newest: LoadPoint | undefined,
  answers: Answers,
  machines: readonly string[],
  end: Seconds,
): Measured {
  const [latency] = answers.all(shard, 'latency').flatMap((one) => newestIn(one, end - FRESH));
  const shares = answers.all(shard, 'utilization').flatMap((one) => newestIn(one, end - FRESH));
  for (const what of ['cpu', 'memory'] as const) {
    const each = machines.flatMap((id) =>
      answers.all(id, what).flatMap((one) => newestIn(one, end - FRESH_MACHINE)),
    );
    if (each.length > 0) shares.push(each.reduce((sum, share) => sum + share, 0) / each.length);
  }
  return {
    shard,
    ...(newest && { time: newest.time, load: newest.load }),
    ...(shares.length > 0 && { utilization: Math.max(...shares) }),
    ...(latency !== undefined && { latency }),
  };
}

/** Healthy hosts of a target group, as of the newest minute that counted them. */
export function healthyIn(hosts: Answer | undefined, end: Seconds): Pick<Measured, 'healthyHosts'> {
  const [healthyHosts] = hosts === undefined ? [] : newestIn(hosts, end - FRESH);
  return healthyHosts === undefined ? {} : { healthyHosts };
}

function newestIn({ points }: Answer, since: Seconds): number[] {
  const point = points.at(-1);
  return point !== undefined && point.time >= since ? [point.load] : [];
}
