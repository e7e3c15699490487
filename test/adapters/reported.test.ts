import type { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoadMinutes } from '../../adapters/aws/load-minutes.ts';
import { ReportedMetrics } from '../../adapters/aws/reported.ts';
import { parseReport } from '../../adapters/aws/reported-lines.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { LoadMetrics, StoredSlice } from '../../core/ports.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { MINUTE } from '../../core/time.ts';
import { loadMetricsContract } from '../contracts/others.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';
import { named } from './cloudwatch-model.ts';

/** Log streams as GetLogEvents shows them: a time window, pages that may be empty, the same token at the end. */
class LogsModel {
  readonly streams = new Map<string, { time: number; message: string }[]>();
  readonly calls: GetLogEventsCommand['input'][] = [];
  readonly errors: Error[] = [];
  pageSize = 10_000;
  emptyPages = 0;

  put(time: number, message: string): void {
    const name = formatStamp(time).slice(0, 13);
    this.streams.set(name, [...(this.streams.get(name) ?? []), { time, message }]);
  }

  readonly client = {
    send: async ({ input }: GetLogEventsCommand) => {
      this.calls.push(input);
      const error = this.errors.shift();
      if (error !== undefined) throw error;
      const all = this.streams.get(input.logStreamName!);
      if (all === undefined)
        throw named('ResourceNotFoundException', 'The specified log stream does not exist.');
      const [skip = 0, empty = 0] = (input.nextToken ?? '').split('/').map(Number);
      const inside = all.filter(
        ({ time }) => time * 1000 >= input.startTime! && time * 1000 < input.endTime!,
      );
      if (empty < this.emptyPages) return { events: [], nextForwardToken: `${skip}/${empty + 1}` };
      const events = inside.slice(skip, skip + this.pageSize);
      return {
        events,
        nextForwardToken: events.length > 0 ? `${skip + events.length}/${empty}` : input.nextToken,
      };
    },
  } as never;
}

const slice = (id: string, shard: string, since = T0 - 3600): StoredSlice => ({
  slice: id,
  placement: { kind: 'active', since, shard },
  version: 1,
});

type Served = readonly [shard: string, port: number, requests: number, seconds?: number];

/** So many minutes after the hour at which these tests play. */
const at = (minute: number) => T0 + 3600 + minute * MINUTE;

function stage(slices: StoredSlice[], shards = ['web', 'api'], shard = {}) {
  const clock = new VirtualClock(T0 + 3600 + 40);
  const logs = new LogsModel();
  const warnings: string[] = [];
  const asked: string[][] = [];
  const others: LoadMetrics & { minutes: LoadMinutes } = {
    minutes: new LoadMinutes(),
    measured: async (names) => {
      asked.push([...names]);
      for (const name of names) others.minutes.add(name, [{ time: T0, load: 99 }]);
      return names.map((name) => ({ shard: name, time: T0, load: 99 }));
    },
    history: async (_, from, to) =>
      [T0, at(-4)].filter((time) => time > from && time <= to).map((time) => ({ time, load: 9 })),
  };
  const settings = settingsOf(shards, {}, shard);
  const metrics = new ReportedMetrics({
    client: logs.client,
    group: '/foreshard/test/reports',
    clock,
    settings,
    store: { slices: async () => slices },
    others,
    warn: (problem) => void warnings.push(problem),
  });
  /** An instance's line of the minute that begins so many minutes after T0 + 1 h. */
  const report = (minute: number, instance: string, served: readonly Served[], cpu = 0.5, mem = 0.25) => {
    const t = at(minute);
    const s = served.map(([name, port, requests, seconds = 0]) => [name, port, requests, seconds]);
    logs.put(t, JSON.stringify({ v: 1, i: instance, t, cpu, mem, s }));
  };
  const measured = async (names = shards) => clock.settle(metrics.measured(names));
  const pass = (seconds: number) => clock.runUntil(clock.now() + seconds);
  return { clock, logs, warnings, asked, metrics, settings, report, measured, pass, slices };
}

describe('ReportedMetrics', () => {
  loadMetricsContract(async () => {
    const s = stage([slice('i-1:8080', 'web')], ['web']);
    for (let i = -10; i < 60; i++) s.report(i, 'i-1', [['web', 8080, 60 + i]]);
    return {
      ports: unwiredPorts({ clock: s.clock, metrics: s.metrics }),
      settings: s.settings,
      drive: (work) => s.clock.settle(work),
      wait: s.pass,
    };
  });
});

describe('load that instances report', () => {
  it('is the sum over the slices that served, with what it took', async () => {
    const s = stage([slice('i-1:8080', 'web'), slice('i-1:8081', 'api'), slice('i-2:8080', 'web')]);
    s.report(
      -1,
      'i-1',
      [
        ['web', 8080, 600, 30],
        ['api', 8081, 60, 6],
      ],
      0.2,
      0.4,
    );
    s.report(-1, 'i-2', [['web', 8080, 1200, 60]], 0.6, 0.5);
    s.report(0, 'i-1', [['web', 8080, 1, 1]]);
    const [web, api] = await s.measured();
    expect(web).toEqual({ shard: 'web', time: at(-1), load: 30, latency: 0.05, utilization: 0.45 });
    expect(api).toEqual({ shard: 'api', time: at(-1), load: 1, latency: 0.1, utilization: 0.4 });
    expect(s.asked).toEqual([[]]);
    expect(s.metrics.minutes.take()).toEqual([
      [
        at(-1),
        new Map([
          ['web', 30],
          ['api', 1],
        ]),
      ],
    ]);
    expect(s.metrics.minutes.take()).toEqual([]);
    expect(s.warnings).toEqual([]);
  });

  it('is nothing at all when it is nothing', async () => {
    const s = stage([slice('i-1:8080', 'web')], ['web']);
    s.report(-1, 'i-1', [['web', 8080, 0]]);
    expect(await s.measured()).toEqual([{ shard: 'web', time: at(-1), load: 0, utilization: 0.5 }]);
  });

  it('is late where an instance that served has not reported, until it has', async () => {
    const s = stage([slice('i-1:8080', 'web'), slice('i-2:8080', 'web')], ['web']);
    for (const id of ['i-1', 'i-2']) s.report(-2, id, [['web', 8080, 60]]);
    s.report(-1, 'i-1', [['web', 8080, 60]]);
    expect(await s.measured()).toMatchObject([{ time: at(-2), load: 2 }]);
    s.report(-1, 'i-2', [['web', 8080, 120]]);
    expect(await s.measured()).toMatchObject([{ time: at(-1), load: 3 }]);
    const recorded = s.metrics.minutes.take().map(([time, loads]) => [time, loads.get('web')]);
    expect(recorded).toEqual([
      [at(-2), 2],
      [at(-1), 3],
    ]);
  });

  it('is scaled when four fifths have reported and half a minute has passed', async () => {
    const slices = Array.from({ length: 5 }, (_, i) => slice(`i-${i}:8080`, 'web'));
    const s = stage(slices, ['web']);
    for (let i = 0; i < 5; i++) s.report(-2, `i-${i}`, [['web', 8080, 60]]);
    for (let i = 0; i < 4; i++) s.report(-1, `i-${i}`, [['web', 8080, 120]]);
    expect(await s.measured()).toMatchObject([{ time: at(-1), load: 10 }]);
    for (let i = 0; i < 4; i++) s.report(0, `i-${i}`, [['web', 8080, 180]]);
    await s.pass(35);
    expect(s.clock.now()).toBe(at(1) + 15);
    expect(await s.measured()).toMatchObject([{ time: at(-1), load: 10 }]);
    await s.pass(15);
    expect(await s.measured()).toMatchObject([{ time: at(0), load: 15 }]);
    for (let i = 0; i < 3; i++) s.report(1, `i-${i}`, [['web', 8080, 180]]);
    await s.pass(60);
    expect(await s.measured()).toMatchObject([{ time: at(0) }]);
  });

  it('expects nothing of slices that came within the minute, and counts those that have left', async () => {
    const s = stage([slice('i-1:8080', 'web'), slice('i-2:8080', 'web', at(-1) + 1)], ['web']);
    s.report(-1, 'i-1', [['web', 8080, 60]]);
    s.report(-1, 'i-gone', [['web', 8080, 30]]);
    expect(await s.measured()).toMatchObject([{ time: at(-1), load: 1.5 }]);
  });

  it('whole or scaled, is never less than what was reported', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ requests: fc.nat(10_000), reported: fc.boolean() }), {
          minLength: 1,
          maxLength: 12,
        }),
        async (each) => {
          const s = stage(
            each.map((_, i) => slice(`i-${i}:8080`, 'web')),
            ['web'],
          );
          each.forEach(({ requests, reported }, i) => {
            if (reported) s.report(-1, `i-${i}`, [['web', 8080, requests]]);
          });
          const told = each.filter(({ reported }) => reported);
          const [web] = await s.measured();
          if (told.length < 0.8 * each.length) expect(web?.time).not.toBe(at(-1));
          else {
            const sum = told.reduce((total, { requests }) => total + requests, 0) / 60;
            expect(web!.load).toBeGreaterThanOrEqual(sum - 1e-9);
            expect(web!.load).toBeCloseTo((sum * each.length) / told.length, 6);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('shards that nobody reports of', () => {
  it('are measured by CloudWatch: in shadow, asleep, or with metrics of their own', async () => {
    const s = stage([slice('i-1:8080', 'web')]);
    s.report(-1, 'i-1', [['web', 8080, 60]]);
    expect(await s.measured()).toMatchObject([
      { shard: 'web', load: 1 },
      { shard: 'api', load: 99 },
    ]);
    expect(s.asked).toEqual([['api']]);
    const load = { namespace: 'N', metric: 'M' };
    const own = stage([slice('i-1:8080', 'web')], ['web'], { measure: { load } });
    own.report(-1, 'i-1', [['web', 8080, 60]]);
    expect(await own.measured()).toMatchObject([{ shard: 'web', load: 99 }]);
    expect(own.warnings).toEqual([]);
  });

  it('are asked of CloudWatch, and said, when reports stop for five minutes; not before', async () => {
    const s = stage([slice('i-1:8080', 'web')], ['web']);
    s.report(-1, 'i-1', [['web', 8080, 60]]);
    for (let minute = 0; minute < 5; minute++) {
      expect(await s.measured()).toMatchObject([{ time: at(-1), load: 1 }]);
      await s.pass(MINUTE);
    }
    expect(s.asked.flat()).toEqual([]);
    await s.pass(MINUTE);
    expect(await s.measured()).toMatchObject([{ load: 99 }]);
    expect(s.warnings).toEqual([
      'load of web: its instances have not reported for 300 s; CloudWatch is asked',
    ]);
  });

  it('have their minutes recorded too', async () => {
    const s = stage([slice('i-1:8080', 'web')]);
    s.report(-1, 'i-1', [['web', 8080, 60]]);
    await s.measured();
    expect(s.metrics.minutes.take()).toEqual([
      [at(-1), new Map([['web', 1]])],
      [T0, new Map([['api', 99]])],
    ]);
  });
});

describe('reading the reports', () => {
  it('takes all pages, empty ones too, two streams at the turn of the hour, each line once', async () => {
    const slices = Array.from({ length: 40 }, (_, i) => slice(`i-${i}:8080`, 'web'));
    const s = stage(slices, ['web']);
    s.logs.pageSize = 7;
    s.logs.emptyPages = 2;
    for (let i = 0; i < 40; i++) {
      for (const minute of [-2, -1]) s.report(minute, `i-${i}`, [['web', 8080, 60 + minute]]);
      s.report(0, `i-${i}`, [['web', 8080, 60]]);
      s.report(0, `i-${i}`, [['web', 8080, 60]]);
    }
    await s.pass(MINUTE);
    expect(await s.measured()).toMatchObject([{ time: at(0), load: 40 }]);
    const streams = [...new Set(s.logs.calls.map(({ logStreamName }) => logStreamName))];
    expect(streams).toEqual(['2026-01-05T00', '2026-01-05T01']);
    expect(s.logs.calls.every(({ startFromHead, logGroupName }) => startFromHead && logGroupName)).toBe(true);
    const recorded = s.metrics.minutes.take().map(([time, loads]) => [time, loads.get('web')]);
    expect(recorded).toEqual([
      [at(-2), (40 * 58) / 60],
      [at(-1), (40 * 59) / 60],
      [at(0), 40],
    ]);
  });

  it('counts lines that cannot be read, and says what is wrong with the first', async () => {
    const s = stage([slice('i-1:8080', 'web')], ['web']);
    s.logs.put(at(-1), 'not json');
    s.logs.put(at(-1), '{"v":2}');
    s.report(-1, 'i-1', [['web', 8080, 60]]);
    expect(await s.measured()).toMatchObject([{ load: 1 }]);
    expect(s.warnings).toEqual(['reports: 2 of 3 lines cannot be read, the first: no JSON in "not json"']);
  });

  it('goes on without reports that cannot be had: late, not zero', async () => {
    const s = stage([slice('i-1:8080', 'web')], ['web']);
    s.report(-1, 'i-1', [['web', 8080, 60]]);
    await s.measured();
    await s.pass(MINUTE);
    s.logs.errors.push(named('ResourceNotFoundException', 'The specified log group does not exist.'));
    expect(await s.measured()).toMatchObject([{ time: at(-1), load: 1 }]);
    s.logs.errors.push(...Array.from({ length: 9 }, () => named('ThrottlingException', 'Rate exceeded')));
    expect(await s.measured()).toMatchObject([{ time: at(-1), load: 1 }]);
    expect(s.warnings).toEqual([
      'reports: ResourceNotFoundException: The specified log group does not exist.',
      'reports: OutOfTime: GetLogEvents: throttled until no time was left',
    ]);
  });

  it('has the last hour, and from CloudWatch what was before', async () => {
    const s = stage([slice('i-1:8080', 'web')], ['web']);
    for (const minute of [-3, -2, -1]) s.report(minute, 'i-1', [['web', 8080, 60]]);
    const history = (from: number, to: number) => s.clock.settle(s.metrics.history('web', from, to));
    expect(await history(T0 - 600, at(5))).toEqual([
      { time: T0, load: 9 },
      { time: at(-4), load: 9 },
      ...[-3, -2, -1].map((minute) => ({ time: at(minute), load: 1 })),
    ]);
    expect(await history(T0 - 9000, T0)).toEqual([{ time: T0, load: 9 }]);
    expect(await history(at(-3), at(-2))).toEqual([{ time: at(-2), load: 1 }]);
  });
});

describe('a line', () => {
  const good = { v: 1, i: 'i-1', t: T0, cpu: 0.5, mem: 0.5, s: [['web', 8080, 1, 0.5]] };
  it.each([
    ['', 'no JSON in ""'],
    ['[]', 'line: Invalid input: expected object, received array in "[]"'],
    [JSON.stringify({ ...good, v: 2 }), 'v: Invalid input: expected 1'],
    [JSON.stringify({ ...good, t: T0 + 1 }), 't: Invalid number: must be a multiple of 60'],
    [JSON.stringify({ ...good, cpu: 42 }), 'cpu: Too big'],
    [JSON.stringify({ ...good, s: [['web', 8080, -1, 0]] }), 's.0.2: Too small'],
    [JSON.stringify({ ...good, s: [['web', 8080]] }), 's.0: Too small'],
  ])('that is wrong says where: %s', (line, problem) => {
    expect(parseReport(line)).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
  });

  it('may have more than this version knows', () => {
    expect(parseReport(JSON.stringify({ ...good, disk: 1 })).ok).toBe(true);
  });
});
