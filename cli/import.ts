import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Command, InvalidArgumentError } from 'commander';
import { SystemClock } from '../adapters/aws/clock.ts';
import {
  type Column,
  columnsOfBalancer,
  columnsOfService,
  importCost,
  importWindow,
  periodText,
  readColumns,
} from '../adapters/aws/cloudwatch-import.ts';
import type { Window } from '../adapters/aws/cloudwatch-read.ts';
import { readRoutes } from '../adapters/aws/route-items.ts';
import { formatStamp, parseStamp } from '../core/settings/stamp.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { connect, type Deployed } from './deployed.ts';
import { UsageError } from './fail.ts';
import { startProgress } from './progress.ts';
import { writableFile } from './writable.ts';

export interface ImportOptions {
  readonly service?: string;
  readonly loadBalancer?: string;
  readonly targetGroup?: readonly string[];
  readonly from: Seconds;
  readonly to?: Seconds;
  readonly out?: string;
  readonly region?: string;
  readonly quiet?: boolean;
}

/** The user's account, read only. Tests hand in a model. */
export interface Account {
  readonly cloudWatch: Pick<CloudWatchClient, 'send'>;
  readonly elb: Pick<ElasticLoadBalancingV2Client, 'send'>;
  readonly clock: Deployed['clock'];
  /** Settings and routes of a deployed service. */
  deployed(service: string): Promise<Pick<Deployed, 'settings' | 'table'>>;
}

/** Messages for people, and where the CSV goes without `--out`. */
export interface Streams {
  readonly out: NodeJS.WritableStream;
  say(line: string): void;
}

export function configure(command: Command): void {
  command
    .command('cloudwatch')
    .description('load per target group, or per shard of a deployed service, as the CSV that backtest reads')
    .option('--load-balancer <name>', 'an Application Load Balancer: a column for each of its target groups')
    .option('--target-group <name...>', 'only these target groups')
    .option('--service <name>', 'a deployed service: a column for each shard')
    .requiredOption('--from <time>', 'ISO 8601, e.g. 2026-10-01; UTC unless it has an offset', stamp)
    .option('--to <time>', 'until before this time (default: now)', stamp)
    .option('--out <file>', 'write there instead of stdout')
    .option('--region <name>', "by default the AWS SDK's own choice (AWS_REGION, profile)")
    .option('--quiet', 'no progress')
    .action(async (options: ImportOptions) => {
      const streams = { out: process.stdout, say: (line: string) => void process.stderr.write(`${line}\n`) };
      await importCloudWatch(options, await accountOf(options), streams);
    });
}

function stamp(text: string): Seconds {
  const time = parseStamp(text);
  if (time === undefined)
    throw new InvalidArgumentError('expected an ISO 8601 time such as 2026-10-01T06:00:00Z.');
  return time;
}

async function accountOf({ region }: ImportOptions): Promise<Account> {
  const client = region === undefined ? {} : { region };
  const cloudWatch = new CloudWatchClient(client);
  await cloudWatch.config.region().catch((cause) => {
    throw new Error('no region is set: expected --region or AWS_REGION', { cause });
  });
  return {
    cloudWatch,
    elb: new ElasticLoadBalancingV2Client(client),
    clock: new SystemClock(),
    deployed: (service) => connect({ service, ...client }),
  };
}

/**
 * Writes a load history from CloudWatch: says what reading it costs, reads, and writes only when all is read.
 * @throws {UsageError} when the options do not go together, {Error} when there is nothing to be had.
 */
export async function importCloudWatch(
  options: ImportOptions,
  account: Account,
  { out, say }: Streams,
): Promise<void> {
  if ((options.service === undefined) === (options.loadBalancer === undefined))
    throw new UsageError('import cloudwatch: expected either --service or --load-balancer');
  if (options.service !== undefined && options.targetGroup !== undefined)
    throw new UsageError('--target-group: expected --load-balancer with it, got --service');
  if (options.out !== undefined) await writableFile('--out', options.out);
  const now = account.clock.now();
  const window = importWindow(options.from, options.to ?? now, now);
  const columns = await columnsOf(options, account, say);
  const { least, most, usd } = importCost(columns);
  const metrics = least === most ? `${most}` : `${least} to ${most}`;
  say(
    `${columns.length} columns from ${formatStamp(window.from)} to ${formatStamp(window.end)}, a point each ${periodText(window.period)}`,
  );
  if (window.period > MINUTE)
    say('(CloudWatch keeps minutes for 15 days, five minutes for 63, hours for 455)');
  say(`CloudWatch is asked for ${metrics} metrics: at most $${usd.toFixed(5)} at $0.01 per 1,000`);
  const bar = startProgress('import', columns.length, { quiet: options.quiet ?? false });
  const cloudWatch = {
    client: account.cloudWatch,
    clock: account.clock,
    warn: (what: string) => say(`note: ${what}`),
  };
  const loads = await readColumns(cloudWatch, columns, window, (done) => bar.update(done)).finally(() =>
    bar.stop(),
  );
  const kept = columns.map(({ name }, i) => ({ name, loads: loads[i]! })).filter(hasLoad);
  if (kept.length === 0)
    throw new Error(
      `CloudWatch has no load of ${named(columns)} from ${formatStamp(window.from)} to ${formatStamp(window.end)}`,
    );
  const empty = columns.filter(({ name }) => !kept.some((one) => one.name === name));
  if (empty.length > 0) say(`note: left out, because there is no load: ${named(empty)}`);
  const target = options.out === undefined ? out : createWriteStream(options.out);
  await pipeline(Readable.from(csv(kept, window)), target, { end: options.out !== undefined });
  if (options.out !== undefined) say(`wrote ${options.out}: npx foreshard backtest --load ${options.out}`);
}

async function columnsOf(
  { service, loadBalancer = '', targetGroup }: ImportOptions,
  { elb, deployed }: Account,
  say: Streams['say'],
): Promise<readonly Column[]> {
  if (service === undefined) {
    const columns = await columnsOfBalancer(elb, loadBalancer, targetGroup);
    if (columns.length === 0) throw new Error(`--load-balancer: ${loadBalancer} has no target group`);
    return columns;
  }
  const { settings, table } = await deployed(service);
  const routes = await readRoutes(table);
  const { columns, without } = columnsOfService((await settings.read()).settings, routes);
  if (without.length > 0) say(`note: left out, because no load balancer uses it: ${without.join(', ')}`);
  if (columns.length === 0) throw new Error(`--service ${service}: no shard has a target group yet`);
  return columns;
}

interface Kept {
  readonly name: string;
  readonly loads: Float64Array;
}

const hasLoad = ({ loads }: Kept) => loads.some((load) => !Number.isNaN(load));

function named(columns: readonly Column[]): string {
  const names = columns.map(({ name }) => name);
  return names.length > 10
    ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more`
    : names.join(', ');
}

/** Significant digits of a load. */
const DIGITS = 7;
/** Rows that are written at once. */
const ROWS = 1000;

/** From the first row that has a load to the last one; an empty cell is not known. */
function* csv(columns: readonly Kept[], { from, period }: Window): Generator<string> {
  const known = (row: number) => columns.some(({ loads }) => !Number.isNaN(loads[row]));
  const rows = columns[0]!.loads.length;
  let [first, last] = [0, rows - 1];
  while (!known(first)) first++;
  while (!known(last)) last--;
  yield `time,${columns.map(({ name }) => name).join(',')}\n`;
  for (let row = first; row <= last; row += ROWS) {
    const lines: string[] = [];
    for (let i = row; i <= Math.min(last, row + ROWS - 1); i++) {
      const cells = columns.map(({ loads }) =>
        Number.isNaN(loads[i]) ? '' : Number(loads[i]!.toPrecision(DIGITS)),
      );
      lines.push(`${formatStamp(from + i * period)},${cells.join(',')}\n`);
    }
    yield lines.join('');
  }
}
