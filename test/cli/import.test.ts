import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, describe, expect, it } from 'vitest';
import { writeRoute } from '../../adapters/aws/route-items.ts';
import { deriveSettings } from '../../backtest/input/derive.ts';
import { readLoad } from '../../backtest/input/read-load.ts';
import { type ImportOptions, importCloudWatch } from '../../cli/import.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';
import { CloudWatchModel, named } from '../adapters/cloudwatch-model.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

const dir = mkdtempSync(join(tmpdir(), 'foreshard-import-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const NOW = T0 + 400 * DAY + 30;

/** An account with one load balancer per name, each with target groups; ELB answers two groups a page. */
function account(balancers: Record<string, readonly string[]> = { shop: ['cart', 'search', 'idle'] }) {
  let time = NOW;
  // Files are real, so time is not the simulator's: it jumps.
  const clock = {
    now: () => time,
    sleepUntil: async (until: number) => {
      time = until;
    },
  };
  const model = new CloudWatchModel();
  const table = new MemoryTable();
  const said: string[] = [];
  const written: string[] = [];
  const elb = {
    send: async ({ input }: DescribeLoadBalancersCommand | DescribeTargetGroupsCommand) => {
      if ('Names' in input && input.Names !== undefined) {
        const [name = ''] = input.Names;
        if (!(name in balancers)) throw named('LoadBalancerNotFoundException', `${name} not found`);
        const Type = name === 'net' ? 'network' : 'application';
        return { LoadBalancers: [{ LoadBalancerArn: `arn:aws:x:loadbalancer/app/${name}/1`, Type }] };
      }
      const { LoadBalancerArn = '', Marker } = input as DescribeTargetGroupsCommand['input'];
      const groups = balancers[LoadBalancerArn.split('/')[2]!]!;
      const skip = Number(Marker ?? 0);
      const page = groups.slice(skip, skip + 2);
      return {
        TargetGroups: page.map((name) => ({
          TargetGroupName: name,
          TargetGroupArn: `arn:aws:x:targetgroup/${name}/9`,
        })),
        ...(skip + 2 < groups.length && { NextMarker: String(skip + 2) }),
      };
    },
  } as never;
  const settings = settingsOf(['web', 'api']);
  const deployed = async () => ({ table, settings: { read: async () => ({ settings }) } }) as never;
  const out = new Writable({
    write(chunk, _, done) {
      written.push(String(chunk));
      done();
    },
  });
  const run = (options: Partial<ImportOptions>) =>
    importCloudWatch(
      { from: NOW - HOUR, quiet: true, ...options } as ImportOptions,
      { cloudWatch: model.client, elb, clock, deployed },
      { out, say: (line) => void said.push(line) },
    );
  return { run, model, table, said, csv: () => written.join('') };
}

/** The last minute that is whole, or so many before it. */
const ago = (minutes: number) => Math.floor(NOW / 60) * 60 - (minutes + 1) * MINUTE;

describe('import cloudwatch', () => {
  it('writes a wide CSV of a load balancer’s target groups: zeros in silence, gaps where nothing is known', async () => {
    const { run, model, csv, said } = account();
    for (let i = 0; i < 60; i++) {
      if (i % 10 !== 3) model.put('RequestCount/cart', { [ago(i)]: 60 * i });
      if (i > 4) model.put('HealthyHostCount/cart', { [ago(i)]: 2 });
      if (i < 4) model.put('RequestCount/search', { [ago(i)]: 100 });
    }
    await run({ loadBalancer: 'shop' });
    const [header, ...rows] = csv().trimEnd().split('\n');
    expect(header).toBe('time,cart,search');
    expect(rows).toHaveLength(59);
    expect(rows.slice(-5)).toEqual([
      '2027-02-08T23:55:00Z,4,',
      '2027-02-08T23:56:00Z,,1.666667',
      '2027-02-08T23:57:00Z,2,1.666667',
      '2027-02-08T23:58:00Z,1,1.666667',
      '2027-02-08T23:59:00Z,0,1.666667',
    ]);
    expect(rows.find((row) => row.startsWith('2027-02-08T23:46'))).toBe('2027-02-08T23:46:00Z,0,');
    expect(said).toEqual([
      '3 columns from 2027-02-08T23:01:00Z to 2027-02-09T00:00:00Z, a point each a minute',
      'CloudWatch is asked for 3 to 6 metrics: at most $0.00006 at $0.01 per 1,000',
      'note: left out, because there is no load: idle',
    ]);
  });

  it('costs what it says', async () => {
    const { run, model, said } = account();
    for (let i = 0; i < 60; i++)
      for (const name of ['cart', 'search', 'idle']) model.put(`RequestCount/${name}`, { [ago(i)]: 60 });
    await run({ loadBalancer: 'shop', targetGroup: ['search', 'cart'] });
    expect(model.asked).toEqual(['RequestCount/search', 'RequestCount/cart']);
    expect(said[1]).toBe('CloudWatch is asked for 2 to 4 metrics: at most $0.00004 at $0.01 per 1,000');
  });

  it('writes a file that backtest and init read', async () => {
    const { run, model, said } = account();
    const out = join(dir, 'load.csv');
    const first = Math.ceil((NOW - 30 * DAY) / 300) * 300;
    const loads = (time: number) => 3000 + Math.round(2000 * Math.sin(time / 13_751));
    for (const name of ['cart', 'search'])
      model.put(
        `RequestCount/${name}`,
        new Map(Array.from({ length: 30 * 288 }, (_, i) => [first + i * 300, 300 * loads(first + i * 300)])),
      );
    await run({ loadBalancer: 'shop', from: NOW - 30 * DAY, out });
    expect(said.slice(0, 2)).toEqual([
      '3 columns from 2027-01-10T00:05:00Z to 2027-02-09T00:00:00Z, a point each 5 minutes',
      '(CloudWatch keeps minutes for 15 days, five minutes for 63, hours for 455)',
    ]);
    expect(said.at(-1)).toBe(`wrote ${out}: npx foreshard backtest --load ${out}`);
    const trace = await readLoad(out);
    expect(trace).toMatchObject({ name: 'load', shards: ['cart', 'search'], start: first, step: 300 });
    expect([...trace.values[0]!].every((load, i) => load === loads(first + i * 300))).toBe(true);
    expect(trace.values[1]).toHaveLength(30 * 288 - 1);
    expect(deriveSettings(trace, 10).shards.map(({ name }) => name)).toEqual(['cart', 'search']);
    expect(readFileSync(out, 'utf8').endsWith('\n')).toBe(true);
  });

  it('writes a column for each shard of a deployed service', async () => {
    const { run, model, table, csv, said } = account();
    const route = { targetGroup: 'arn', targetGroupName: 'targetgroup/web/1', own: true };
    await writeRoute(table, { shard: 'web', ...route, loadBalancer: 'app/lb/1' });
    for (let i = 0; i < 59; i++) model.put('RequestCount/web', { [ago(i)]: 60 });
    await run({ service: 'shop' });
    expect(csv().split('\n').slice(0, 2)).toEqual(['time,web', '2027-02-08T23:01:00Z,1']);
    expect(said[0]).toBe('note: left out, because no load balancer uses it: api');
  });

  it.each<[Partial<ImportOptions>, string]>([
    [{}, 'import cloudwatch: expected either --service or --load-balancer'],
    [{ service: 's', loadBalancer: 'shop' }, 'expected either --service or --load-balancer'],
    [
      { service: 's', targetGroup: ['cart'] },
      '--target-group: expected --load-balancer with it, got --service',
    ],
    [{ service: 's' }, '--service s: no shard has a target group yet'],
    [{ loadBalancer: 'no' }, 'expected the name of an Application Load Balancer, got no, which is not there'],
    [{ loadBalancer: 'net' }, 'expected the name of an Application Load Balancer, got net, a network one'],
    [{ loadBalancer: 'bare' }, '--load-balancer: bare has no target group'],
    [
      { loadBalancer: 'shop', targetGroup: ['cart', 'crat'] },
      '--target-group: expected one of shop (cart, search, idle), got crat',
    ],
    [
      { loadBalancer: 'shop', from: NOW - 460 * DAY },
      '--from: expected a time in the last 455 days, which CloudWatch keeps, got 2025-11-06T00:00:30Z',
    ],
    [
      { loadBalancer: 'shop', to: NOW - HOUR },
      '--to: expected a time at least 60 s after --from (2027-02-08T23:00:30Z), got 2027-02-08T23:00:30Z',
    ],
    [
      { loadBalancer: 'shop' },
      'CloudWatch has no load of cart, search, idle from 2027-02-08T23:01:00Z to 2027-02-09T00:00:00Z',
    ],
    [
      { loadBalancer: 'shop', out: '/nowhere/load.csv' },
      '--out: expected a file in a directory that can be written',
    ],
  ])('says what is wrong: %j', async (options, message) => {
    const { run } = account({ shop: ['cart', 'search', 'idle'], net: [], bare: [] });
    await expect(run(options)).rejects.toThrow(message);
  });

  it('waits where CloudWatch is busy, and writes nothing when it fails', async () => {
    const { run, model, csv } = account();
    for (let i = 0; i < 60; i++) model.put('RequestCount/cart', { [ago(i)]: 60 });
    model.errors.push(named('Throttling', 'Rate exceeded'));
    await run({ loadBalancer: 'shop', targetGroup: ['cart'] });
    expect(csv()).not.toBe('');
    const other = account();
    other.model.errors.push(named('AccessDenied', 'not allowed to GetMetricData'));
    const out = join(dir, 'none.csv');
    await expect(other.run({ loadBalancer: 'shop', out })).rejects.toThrow('not allowed to GetMetricData');
    expect(() => readFileSync(out)).toThrow('ENOENT');
  });
});
