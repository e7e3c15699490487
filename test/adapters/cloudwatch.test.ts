import { describe, expect, it } from 'vitest';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { StoredSlice } from '../../core/ports.ts';
import { MINUTE } from '../../core/time.ts';
import { loadMetricsContract } from '../contracts/others.ts';
import { T0 } from '../world/fixtures.ts';
import { named } from './cloudwatch-model.ts';
import { at, minutes, stage } from './cloudwatch-stage.ts';

describe('CloudWatchMetrics', () => {
  loadMetricsContract(async () => {
    const { clock, model, cloudWatch, parts, pass } = await stage(['web']);
    for (let i = -60; i < 600; i++) model.put('RequestCount/web', { [at(i)]: 60 + i });
    return {
      ports: unwiredPorts({ clock, metrics: cloudWatch }),
      settings: parts.settings,
      drive: (work) => clock.settle(work),
      wait: pass,
    };
  });
});

describe('the load of a shard', () => {
  it('is requests per second in the newest complete minute', async () => {
    const { model, measured } = await stage(['web', 'api']);
    model.put('RequestCount/web', minutes(120));
    model.put('RequestCount/web', { [at(-1)]: 300, [at(0)]: 6 });
    model.put('RequestCount/api', minutes(60));
    expect(await measured()).toEqual([
      { shard: 'web', time: at(-1), load: 5 },
      { shard: 'api', time: at(-1), load: 1 },
    ]);
    const [call, ...more] = model.calls;
    expect(more).toEqual([]);
    expect(call).toMatchObject({ StartTime: new Date(at(-10) * 1000), EndTime: new Date(at(0) * 1000) });
    expect(call!.MetricDataQueries![0]).toEqual({
      Id: 'q0',
      MetricStat: {
        Metric: {
          Namespace: 'AWS/ApplicationELB',
          MetricName: 'RequestCount',
          Dimensions: [
            { Name: 'TargetGroup', Value: 'targetgroup/web/1' },
            { Name: 'LoadBalancer', Value: 'app/lb/1' },
          ],
        },
        Period: 60,
        Stat: 'Sum',
      },
    });
  });

  it('waits for minutes that the settings call late', async () => {
    const { model, measured } = await stage(['web'], { metrics: { delay: 90 } });
    model.put('RequestCount/web', minutes(60, 3));
    expect(await measured()).toEqual([{ shard: 'web', time: at(-3), load: 1 }]);
  });

  it('leaves a minute alone for as long as CloudWatch counts it, where the settings say nothing', async () => {
    const { model, measured, pass } = await stage(['web'], { metrics: { delay: 0 } });
    model.put('RequestCount/web', { ...Object.fromEntries(minutes(600)), [at(-1)]: 60 });
    expect(await measured()).toEqual([{ shard: 'web', time: at(-2), load: 10 }]);
    await pass(MINUTE);
    model.put('RequestCount/web', { [at(-1)]: 600, [at(0)]: 60 });
    expect(await measured()).toEqual([{ shard: 'web', time: at(-1), load: 10 }]);
  });

  it('is recorded once more, and said, when it is corrected later', async () => {
    const { model, measured, pass, cloudWatch, warnings } = await stage(['web', 'api']);
    for (const name of ['web', 'api']) model.put(`RequestCount/${name}`, minutes(600));
    model.put('RequestCount/web', { [at(-1)]: 300 });
    expect(await measured()).toMatchObject([{ load: 5 }, { load: 10 }]);
    cloudWatch.minutes.take();
    await pass(MINUTE);
    for (const name of ['web', 'api']) model.put(`RequestCount/${name}`, { [at(-1)]: 610, [at(0)]: 600 });
    expect(await measured()).toMatchObject([{ load: 10 }, { load: 10 }]);
    expect(cloudWatch.minutes.take()).toEqual([
      [at(-1), new Map([['web', 610 / 60]])],
      [
        at(0),
        new Map([
          ['web', 10],
          ['api', 10],
        ]),
      ],
    ]);
    expect(warnings).toEqual([
      'load: CloudWatch has corrected 1 minutes after they were used; metrics.delay: expected 120 or more, got 1',
    ]);
  });

  it('is what the settings measure, in their unit', async () => {
    const load = {
      namespace: 'AWS/SQS',
      metric: 'Sent',
      dimensions: { QueueName: 'q' },
      stat: 'Sum',
      scale: 2,
    };
    const { model, measured } = await stage(['web'], { shard: { measure: { load } }, routed: [] });
    model.put('Sent/q', { [at(-1)]: 21 });
    expect(await measured()).toEqual([{ shard: 'web', time: at(-1), load: 42 }]);
    expect(model.asked).toEqual(['Sent/q']);
  });

  it('is of no shard that the settings do not have', async () => {
    const { cloudWatch, clock } = await stage(['web']);
    await expect(clock.settle(cloudWatch.measured(['nope']))).rejects.toThrow(
      'load: expected a shard of the settings, got nope',
    );
  });

  it('is unknown, and said so, where no load balancer uses the target group', async () => {
    const { measured, warnings } = await stage(['web'], { routed: [] });
    expect(await measured()).toEqual([{ shard: 'web' }]);
    expect(warnings).toEqual(['load of web: no load balancer uses its target group']);
  });
});

describe('a target group of others', () => {
  const targetGroup = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef';

  it('has its healthy hosts counted, and a minute that is only not told yet is not taken for zero', async () => {
    const { model, measured } = await stage(['web'], { shard: { targetGroup } });
    model.put('RequestCount/web', minutes(60));
    model.put('HealthyHostCount/web', minutes(3));
    expect(await measured()).toEqual([{ shard: 'web', time: at(-1), load: 1, healthyHosts: 3 }]);
    expect(model.asked).toEqual(['RequestCount/web', 'HealthyHostCount/web']);
  });

  it('whose hosts were counted long ago has an unknown number of them', async () => {
    const { model, measured } = await stage(['web'], { shard: { targetGroup } });
    model.put('RequestCount/web', minutes(60));
    model.put('HealthyHostCount/web', minutes(3, -5));
    expect(await measured()).toEqual([{ shard: 'web', time: at(-1), load: 1 }]);
  });
});

describe('silence', () => {
  it('is zero where healthy hosts were counted, a minute later than a busy minute', async () => {
    const { model, measured, pass } = await stage(['web', 'api']);
    model.put('RequestCount/web', minutes(60, -3));
    model.put('RequestCount/api', minutes(60));
    model.put('HealthyHostCount/web', minutes(2));
    expect(await measured()).toEqual([
      { shard: 'web', time: at(-2), load: 0 },
      { shard: 'api', time: at(-1), load: 1 },
    ]);
    expect(model.asked).toEqual(['RequestCount/web', 'RequestCount/api', 'HealthyHostCount/web']);
    await pass(MINUTE);
    model.put('RequestCount/api', { [at(0)]: 120 });
    model.put('RequestCount/web', { [at(0)]: 30 });
    expect((await measured())[0]).toEqual({ shard: 'web', time: at(0), load: 0.5 });
  });

  it('is late where neither was reported: the newest point stays', async () => {
    const { model, measured, pass } = await stage(['web']);
    model.put('RequestCount/web', minutes(60));
    await measured();
    for (let minute = 1; minute <= 15; minute++) {
      await pass(MINUTE);
      expect(await measured()).toEqual([{ shard: 'web', time: at(-1), load: 1 }]);
    }
  });

  it('is late where no host was healthy', async () => {
    const { model, measured } = await stage(['web']);
    model.put('RequestCount/web', minutes(60, -3));
    model.put('HealthyHostCount/web', minutes(0));
    expect(await measured()).toEqual([{ shard: 'web', time: at(-4), load: 1 }]);
  });

  it('is not believed of an answer that is not complete', async () => {
    const { model, measured, warnings } = await stage(['web']);
    model.put('RequestCount/web', minutes(60, -3));
    model.put('HealthyHostCount/web', minutes(2));
    model.statuses.set('RequestCount/web', ['InternalError', 'PartialData', 'InternalError']);
    expect(await measured()).toEqual([{ shard: 'web', time: at(-4), load: 1 }]);
    expect(warnings).toEqual([
      "load of web (AWS/ApplicationELB RequestCount): CloudWatch's answer stayed incomplete",
    ]);
  });

  it('does not hide in between: a sparse shard has its zeros, once each', async () => {
    const { model, measured, pass, cloudWatch } = await stage(['web']);
    const recorded = new Map<number, number>();
    for (let minute = 0; minute < 12; minute++) {
      if (minute % 3 === 0) model.put('RequestCount/web', { [at(minute - 1)]: 60 });
      model.put('HealthyHostCount/web', { [at(minute - 1)]: 2 });
      await measured();
      for (const [time, loads] of cloudWatch.minutes.take()) {
        expect(recorded.has(time)).toBe(false);
        recorded.set(time, loads.get('web')!);
      }
      await pass(MINUTE);
    }
    const expected = Array.from({ length: 11 }, (_, i) => [at(i - 1), i % 3 === 0 ? 1 : 0]);
    expect([...recorded].filter(([time]) => time < at(10))).toEqual(expected);
  });

  it('of a metric of the settings is always late', async () => {
    const load = { namespace: 'N', metric: 'Sent', dimensions: { Q: 'q' } };
    const { model, measured } = await stage(['web'], { shard: { measure: { load } } });
    model.put('HealthyHostCount/web', minutes(2));
    expect(await measured()).toEqual([{ shard: 'web' }]);
    expect(model.asked).toEqual(['Sent/q']);
  });
});

describe('what tells of pressure', () => {
  it('is asked for only where the settings react to it', async () => {
    const { model, measured } = await stage(['web'], {
      shard: {
        react: { latency: 0.5 },
        measure: {
          utilization: [
            { namespace: 'N', metric: 'Busy', dimensions: { S: 'web' }, scale: 0.01 },
            { namespace: 'N', metric: 'Queue', dimensions: { S: 'web' } },
            { namespace: 'N', metric: 'Old', dimensions: { S: 'web' } },
          ],
        },
      },
    });
    model.put('RequestCount/web', minutes(60));
    model.put('TargetResponseTime/web', { [at(-2)]: 0.2, [at(-1)]: 0.7 });
    model.put('Busy/web', { [at(-2)]: 80 });
    model.put('Queue/web', { [at(-1)]: 0.3 });
    model.put('Old/web', { [at(-9)]: 0.99 });
    expect(await measured()).toEqual([
      { shard: 'web', time: at(-1), load: 1, utilization: 0.8, latency: 0.7 },
    ]);
    const stats = model.calls[0]!.MetricDataQueries!.map(({ MetricStat }) => MetricStat!.Stat);
    expect(stats).toEqual(['Sum', 'p90', 'Average', 'Average', 'Average']);
  });

  it('is the mean of the instances that serve, where the settings read hosts', async () => {
    const slice = (id: string, port: number, kind: 'active' | 'activating'): StoredSlice => ({
      slice: `${id}:${port}`,
      placement: { kind, since: T0, shard: 'web' },
      version: 1,
    });
    const slices = [slice('i-1', 8080, 'active'), slice('i-1', 8081, 'active'), slice('i-2', 8080, 'active')];
    const { model, measured } = await stage(['web'], {
      metrics: { hosts: true },
      slices: [...slices, slice('i-3', 8080, 'activating')],
    });
    model.put('RequestCount/web', minutes(60));
    model.put('CPUUtilization/i-1', { [at(-6)]: 30 });
    model.put('CPUUtilization/i-2', { [at(-1)]: 50 });
    model.put('mem_used_percent/i-2', { [at(-1)]: 75 });
    expect(await measured()).toEqual([{ shard: 'web', time: at(-1), load: 1, utilization: 0.75 }]);
    expect(model.asked.filter((key) => key.includes('i-'))).toEqual([
      'CPUUtilization/i-1',
      'mem_used_percent/i-1',
      'CPUUtilization/i-2',
      'mem_used_percent/i-2',
    ]);
  });
});

describe('asking CloudWatch', () => {
  const many = Array.from({ length: 700 }, (_, i) => `s${i}`);

  it('goes in batches of 500, all pages, in whatever order they come', async () => {
    const { model, measured } = await stage(many);
    for (const [i, name] of many.entries()) model.put(`RequestCount/${name}`, minutes(60 * i));
    model.pageSize = 999;
    model.descending = true;
    const measurements = await measured();
    expect(measurements).toEqual(many.map((shard, i) => ({ shard, time: at(-1), load: i })));
    expect(model.calls.length).toBe(6 + 3);
    expect(model.calls.every(({ ScanBy }) => ScanBy === 'TimestampAscending')).toBe(true);
  });

  it('waits when it is throttled, and leaves shards late when that goes on', async () => {
    const { model, measured, clock, warnings, pass } = await stage(['web']);
    model.put('RequestCount/web', minutes(60, 2));
    const began = clock.now();
    model.errors.push(named('Throttling', 'Rate exceeded'), named('ThrottlingException', 'Rate exceeded'));
    expect(await measured()).toMatchObject([{ load: 1 }]);
    expect(clock.now() - began).toBe(3);
    await pass(MINUTE);
    model.errors.push(...Array.from({ length: 20 }, () => named('Throttling', 'Rate exceeded')));
    expect(await measured()).toEqual([{ shard: 'web', time: at(-1), load: 1 }]);
    expect(clock.now() - began).toBeLessThan(3 + 60 + 16);
    expect(warnings).toEqual([
      'GetMetricData of 1 metrics: OutOfTime: GetMetricData: throttled until no time was left',
    ]);
  });

  it('leaves only the shards of a failed call late', async () => {
    const { model, measured, warnings } = await stage(many);
    for (const name of many) model.put(`RequestCount/${name}`, minutes(60));
    model.errors.push(named('InternalServiceFault', 'no'));
    const late = (await measured()).filter(({ load }) => load === undefined);
    expect(late).toHaveLength(500);
    expect(warnings).toEqual(['GetMetricData of 500 metrics: InternalServiceFault: no']);
  });

  it('repeats what came back incomplete, and passes on what it is told', async () => {
    const { model, measured, warnings } = await stage(['web', 'api', 'no']);
    for (const name of ['web', 'api']) model.put(`RequestCount/${name}`, minutes(60));
    model.statuses.set('RequestCount/web', ['InternalError']);
    model.statuses.set('RequestCount/no', ['Forbidden']);
    model.messages.push({ Code: 'MaxMetricsExceeded', Value: 'too many' });
    expect(await measured()).toMatchObject([{ load: 1 }, { load: 1 }, { shard: 'no' }]);
    expect(model.asked).toEqual([
      'RequestCount/web',
      'RequestCount/api',
      'RequestCount/no',
      'RequestCount/web',
    ]);
    expect(warnings).toEqual([
      'GetMetricData: MaxMetricsExceeded: too many',
      'load of no (AWS/ApplicationELB RequestCount): CloudWatch forbids to read it',
    ]);
  });

  it('asks each shard once in `every`, in turn, and brings all minutes of that time', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `s${i}`);
    const { model, measured, pass, cloudWatch } = await stage(names, { metrics: { every: 300 } });
    for (const name of names) model.put(`RequestCount/${name}`, minutes(60, 10));
    for (const name of names) model.put(`RequestCount/${name}`, minutes(60));
    await measured();
    expect(model.asked).toHaveLength(10);
    cloudWatch.minutes.take();
    for (let minute = 0; minute < 10; minute++) {
      await pass(MINUTE);
      model.calls.length = 0;
      expect((await measured()).every(({ load }) => load === 1)).toBe(true);
      expect(model.asked).toHaveLength(2);
    }
    const minutesOf = new Map<string, number>();
    for (const [, loads] of cloudWatch.minutes.take())
      for (const name of loads.keys()) minutesOf.set(name, (minutesOf.get(name) ?? 0) + 1);
    expect([...minutesOf.values()].reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(10 * 6);
    await pass(20 * MINUTE);
    model.calls.length = 0;
    await measured();
    expect(model.asked).toHaveLength(10 + 10);
  });

  it('asks nothing twice within a minute', async () => {
    const { model, measured, pass } = await stage(['web']);
    model.put('RequestCount/web', minutes(60));
    await measured();
    await pass(20);
    expect(await measured()).toMatchObject([{ load: 1 }]);
    expect(model.calls).toHaveLength(1);
  });
});
