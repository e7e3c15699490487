import { describe, expect, it } from 'vitest';
import { CloudWatchIndicators } from '../../adapters/aws/cloudwatch-indicators.ts';
import { settingsSchema } from '../../core/settings/schema.ts';
import { DAY, MINUTE } from '../../core/time.ts';
import { at, stage } from './cloudwatch-stage.ts';

const sent = { namespace: 'N', metric: 'Sent', stat: 'Sum', perSecond: true };
const q = { ...sent, name: 'queue', dimensions: { A: 'a', B: 'b' } };
const same = { ...sent, name: 'the same', dimensions: { B: 'b', A: 'a' } };
const other = { ...sent, name: 'sign-ins', metric: 'SignIns', stat: 'Average', perSecond: false };

async function staged() {
  const s = await stage(['web', 'api', 'old']);
  const settings = settingsSchema.parse({
    ...s.parts.settings,
    shards: s.parts.settings.shards.map((shard) => ({
      ...shard,
      indicators: { web: [q], api: [same, other], old: [] }[shard.name],
    })),
  });
  const indicators = new CloudWatchIndicators({ ...s.parts, settings });
  const read = (from: number, to: number, shards = ['web', 'api', 'old']) =>
    s.clock.settle(indicators.read(shards, from, to));
  return { ...s, read };
}

describe('indicators from CloudWatch', () => {
  it('are asked for once, whoever shares them, in one call for each period', async () => {
    const s = await staged();
    s.model.put('Sent/a', { [at(-3)]: 60, [at(-2)]: 120 });
    s.model.put('SignIns/', { [at(-3)]: 4 });
    const found = await s.read(at(-5), at(0));
    expect(s.model.calls.map(({ MetricDataQueries }) => MetricDataQueries!.length)).toEqual([2]);
    const queue = [
      { time: at(-3), load: 1 },
      { time: at(-2), load: 2 },
    ];
    expect([...found].map(([shard, series]) => [shard, Object.fromEntries(series)])).toEqual([
      ['web', { queue }],
      ['api', { 'the same': queue, 'sign-ins': [{ time: at(-3), load: 4 }] }],
    ]);
    expect(await s.read(at(-5), at(0), ['old'])).toEqual(new Map());
    expect(s.model.calls).toHaveLength(1);
  });

  it('have no minute that is not complete, a minute after its end', async () => {
    const s = await staged();
    s.model.put('Sent/a', { [at(-2)]: 60, [at(-1)]: 60 });
    // 25 s into the next minute: the one before still counts.
    expect((await s.read(at(-5), at(0))).get('web')!.get('queue')).toEqual([{ time: at(-2), load: 1 }]);
  });

  it('are known only at the end of what a coarse point covers', async () => {
    const s = await staged();
    const time = at(0) - 20 * DAY;
    s.model.put('Sent/a', { [time]: 300 });
    expect((await s.read(time - MINUTE, time + 300)).get('web')!.get('queue')).toEqual([
      { time: time + 240, load: 1 },
    ]);
  });
});
