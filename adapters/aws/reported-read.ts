import {
  type CloudWatchLogsClient,
  GetLogEventsCommand,
  type GetLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Clock } from '../../core/ports.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { HOUR, type Seconds } from '../../core/time.ts';
import { parseReport, type Report } from './reported-lines.ts';
import { patience } from './routes-patience.ts';

export interface Reports {
  readonly client: Pick<CloudWatchLogsClient, 'send'>;
  /** Name of the log group. */
  readonly group: string;
  readonly clock: Clock;
  /** Told in words what was not as it should be; a person reads it. */
  readonly warn: (problem: string) => void;
}

/** One stream an hour, shared by all instances: `2026-11-21T16`. */
const streamOf = (hour: Seconds) => formatStamp(hour).slice(0, 13);

/**
 * The reports of minutes that begin from `from` to before `end`, one per instance and minute: of a line that came
 * twice the last one. Lines that are none are counted and warned of.
 * @param stopAt when throttled calls are given up
 * @throws {OutOfTime} when throttled until `stopAt`, and what CloudWatch Logs refuses.
 */
export async function readReports(
  reports: Reports,
  from: Seconds,
  end: Seconds,
  stopAt: Seconds,
): Promise<readonly Report[]> {
  const lines: string[] = [];
  for (let hour = Math.floor(from / HOUR) * HOUR; hour < end; hour += HOUR)
    lines.push(...(await readStream(reports, streamOf(hour), from, end, stopAt)));
  const found = new Map<string, Report>();
  const problems: string[] = [];
  for (const line of lines) {
    const parsed = parseReport(line);
    if (!parsed.ok) problems.push(parsed.problem);
    else found.set(`${parsed.report.instance} ${parsed.report.minute}`, parsed.report);
  }
  if (problems.length > 0)
    reports.warn(
      `reports: ${problems.length} of ${lines.length} lines cannot be read, the first: ${problems[0]}`,
    );
  return [...found.values()].filter(({ minute }) => minute >= from && minute < end);
}

async function readStream(
  { client, group, clock }: Reports,
  logStreamName: string,
  from: Seconds,
  end: Seconds,
  stopAt: Seconds,
): Promise<string[]> {
  const lines: string[] = [];
  const retry = patience(clock, stopAt);
  let token: string | undefined;
  for (;;) {
    const command = new GetLogEventsCommand({
      logGroupName: group,
      logStreamName,
      // The time of an event is when its minute begins.
      startTime: from * 1000,
      endTime: end * 1000,
      startFromHead: true,
      ...(token !== undefined && { nextToken: token }),
    });
    let page: GetLogEventsCommandOutput;
    try {
      page = await retry('GetLogEvents', () => client.send(command));
    } catch (error) {
      // Nobody has reported in this hour yet.
      if (isMissingStream(error)) return lines;
      throw error;
    }
    for (const { message } of page.events ?? []) if (message !== undefined) lines.push(message);
    // A page may be empty and not the last one; the last one gives back the token that it was asked with.
    if (page.nextForwardToken === undefined || page.nextForwardToken === token) return lines;
    token = page.nextForwardToken;
  }
}

/** A missing group has the same name and another message. */
const isMissingStream = (error: unknown) =>
  error instanceof Error && error.name === 'ResourceNotFoundException' && /log stream/.test(error.message);
