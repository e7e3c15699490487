import type { MinuteResult } from '../../flows/minute.ts';
import { minute } from '../../flows/minute.ts';
import { planParts } from '../../lambdas/plan/parts.ts';
import type { Stage } from './stage.ts';

/** The function `plan`, with its own wiring, as one process that lives on. @returns one tick */
export function planOf(stage: Stage, latency: number): () => Promise<MinuteResult> {
  const { clock, table, aws, counting, settings, loadBalancer, hosts, events } = stage;
  const wait = () => clock.sleepUntil(clock.now() + latency);
  let read: string[] = [];
  const logs = {
    /** One page: what the instances have reported, up to 10,000 lines or 1 MB. */
    send: async ({ input }: { input: { startTime?: number; endTime?: number; nextToken?: string } }) => {
      await wait();
      if (input.nextToken !== undefined) return { events: [], nextForwardToken: input.nextToken };
      const from = (input.startTime ?? 0) / 1000;
      read = [];
      for (let at = Math.ceil(from / 60) * 60; at < (input.endTime ?? 0) / 1000; at += 60)
        read.push(...stage.reports(at));
      await clock.sleepUntil(clock.now() + latency * Math.floor(read.length / 5000));
      return { events: read.map((message) => ({ message })), nextForwardToken: 'end' };
    },
  };
  const parts = planParts({
    clock,
    table,
    autoScaling: aws.client(),
    ec2: aws.machines(),
    groups: { steady: 'steady', spot: 'spot' },
    cloudWatch: { send: () => Promise.reject(new Error('CloudWatch is not asked here')) } as never,
    logs: logs as never,
    reportGroup: 'reports',
    loadBalancer,
    hosts,
    events,
    workflows: {
      start: async () => {
        await wait();
      },
    },
    settings: {
      read: async () => {
        await wait();
        counting.usage.add('s3Gets', 1);
        return { settings, etag: '"1"', text: '' };
      },
    },
    start: { routeSync: wait, pollTargets: wait },
    warn: () => undefined,
  });
  let runs = 0;
  return () => minute(parts, { holder: `run-${runs++}`, endsAt: clock.now() + 55 });
}

/** Goes to the next minute, a few seconds after its beginning, when the reports are there. */
export async function nextMinute(stage: Stage): Promise<void> {
  const next = Math.floor(stage.clock.now() / 60) * 60 + 60;
  await stage.clock.runUntil(next + 5);
  await stage.forecasts();
  await stage.beats();
}
