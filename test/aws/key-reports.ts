import {
  CreateLogStreamCommand,
  type InputLogEvent,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
} from '@aws-sdk/client-cloudwatch-logs';
import { KeyTrackers } from '../../adapters/aws/key-trackers.ts';
import { Emerging } from '../../core/forecast/emerging/emerging.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { namesOf } from '../../infra/names.ts';
import type { World } from './world.ts';

/** Requests per second of a shard, and of the one key in it that has grown. */
const [ALL, GROWN] = [2000, 600];
const SPAN: Seconds = 5 * MINUTE;
/** More than a day: what a share is of is known then. */
const HOURS = 30;

/** A key in each shard that is large since two hours, of which the last five minutes are not told yet. */
export interface Grown {
  readonly shard: string;
  readonly key: string;
  /** Load from which on a key deserves a shard there (requests/s). */
  readonly least: number;
}

/** The end of the newest hour of which `propose-shards` reads all spans now. */
const lastHour = (now: Seconds) => Math.floor((now - MINUTE) / HOUR) * HOUR;

/** What earlier runs of `propose-shards` would have left in the bucket: nobody waits for a day here. */
export async function remember({ control, outputs }: World, grown: readonly Grown[], now: Seconds) {
  const until = lastHour(now) - SPAN;
  const states = grown.map(({ shard, key, least }) => {
    const known = new Emerging({ of: shard, share: 0.2, confidence: 0.7, least });
    for (let from = lastHour(now) - HOURS * HOUR; from < until; from += SPAN) {
      const isLarge = from >= lastHour(now) - 2 * HOUR;
      const counts = isLarge ? ([[key, GROWN * SPAN]] as const) : [];
      known.observe({ from, to: from + SPAN, total: ALL * SPAN, counts });
    }
    if (known.proposals().length > 0) throw new Error(`${key}: proposed before its last minutes are told`);
    return [shard, known.state()] as const;
  });
  await new KeyTrackers(control.s3, outputs.BucketName!).write(new Map(states));
}

/** Lines of an instance for the minutes since then, as agent/reporter writes them. */
export async function report(world: World, grown: readonly Grown[], now: Seconds): Promise<void> {
  const byHour = new Map<Seconds, InputLogEvent[]>();
  for (let minute = lastHour(now) - SPAN; minute + MINUTE <= now; minute += MINUTE) {
    const line = {
      ...{ v: 1, i: 'i-0123456789abcdef0', t: minute, cpu: 0.5, mem: 0.5 },
      s: grown.map(({ shard }, i) => [shard, 8080 + i, ALL * MINUTE, 60]),
      k: grown.map(({ shard, key }) => [shard, key, GROWN * MINUTE]),
    };
    const hour = Math.floor(minute / HOUR) * HOUR;
    const events = byHour.get(hour) ?? [];
    byHour.set(hour, events);
    events.push({ timestamp: minute * 1000, message: JSON.stringify(line) });
  }
  const { logs } = world.control;
  const logGroupName = namesOf(world.service).reportLogGroup;
  for (const [hour, logEvents] of byHour) {
    const logStreamName = formatStamp(hour).slice(0, 13);
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName })).catch((error) => {
      if (!(error instanceof ResourceAlreadyExistsException)) throw error;
    });
    await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
  }
}
