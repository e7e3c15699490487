import { beforeEach, describe, expect, it } from 'vitest';
import { LoadRecords } from '../../adapters/aws/load-records.ts';
import { packPlan } from '../../adapters/aws/plan-record.ts';
import { PK } from '../../adapters/aws/table.ts';
import type { Plan } from '../../core/capacity/plan.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { viewOf, widgetSchema } from '../../lambdas/shard-charts/context.ts';
import { handler } from '../../lambdas/shard-charts/handler.ts';
import { escapeHtml, short } from '../../lambdas/shard-charts/html.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf } from '../routes/factories.ts';
import { working } from './working.ts';

const NOW = 1_790_000_040;
const NAMES = ['cart', 'search', 'idle'];
const UNIT = '<script>alert(1)</script> & "requests"';
const SETTINGS = settingsOf(NAMES.map((name) => ({ name, capacity: { perInstance: 100, unit: UNIT } })));

let table: MemoryTable;

/** Three shards over so many minutes; `cart` is near its capacity, `idle` has no load. */
async function seed(minutes: number): Promise<void> {
  const loads = new LoadRecords(table);
  for (let minute = minutes; minute > 0; minute--) {
    const at = NOW - minute * 60;
    const load = (base: number) => base * (1 + 0.3 * Math.sin(at / 3000));
    await loads.write(
      at,
      new Map([
        ['cart', load(300)],
        ['search', load(100)],
        ['idle', 0],
      ]),
    );
    const forecast = (shard: string, base: number): Forecast => ({
      shard,
      at,
      knownUntil: at,
      method: 'x',
      horizons: [{ ahead: 120, quantiles: LEVELS.map((level) => load(base) * (0.8 + 0.4 * level)) }],
    });
    const plan: Plan = {
      at,
      moves: [],
      fleet: [],
      desired: { steady: 6, spot: 2, warm: 3 },
      pool: { target: 2, ready: 1, bound: 10 },
      shards: NAMES.map((shard, i) => ({
        shard,
        mode: 'active',
        have: [400, 400, 100][i]!,
        coming: 0,
        want: [500, 300, 100][i]!,
        guarantee: 100,
      })),
      findings: [],
    };
    const forecasts = new Map([
      ['cart', forecast('cart', 300)],
      ['search', forecast('search', 100)],
    ]);
    const packed = packPlan({
      plan,
      moves: [],
      actions: [],
      refused: [],
      failures: [],
      forecasts,
      ahead: 120,
    });
    await table.put({ pk: PK.plan, sk: formatStamp(at), at, plan: packed });
  }
  const slice = (sk: string, placement: object, more: object = {}) =>
    table.put({ pk: PK.slice, sk, version: 1, placement, ...more });
  await slice('i-1:8080', { kind: 'active', shard: 'cart', since: 1 });
  await slice(
    'i-2:8080',
    { kind: 'draining', shard: 'search', since: 1 },
    { holder: 'm', holderExpires: NOW + 9 },
  );
  await slice('i-3:8080', { kind: 'ready', since: 1 });
}

beforeEach(() => {
  table = new MemoryTable();
});

const context = (hours: number, more: object = {}) => ({
  widgetContext: {
    dashboardName: 'Foreshard-shop',
    theme: 'light',
    timezone: { label: 'Local', offsetISO: '+02:00', offsetInMinutes: 120 },
    timeRange: { mode: 'relative', start: (NOW - hours * 3600) * 1000, end: NOW * 1000, relativeStart: 1 },
    width: 1000,
    height: 600,
    ...more,
  },
});

const settings = { read: async () => ({ settings: SETTINGS, text: '', etag: '"1"' }) };
const draw = async (event: object) =>
  String(await handler.work(widgetSchema.parse(event), working({ table, settings }, { now: NOW })));
const titles = (html: string) => [...html.matchAll(/<title>([^:]*):/g)].map(([, shard]) => shard);

describe('the charts on the dashboard', () => {
  it('say what they are', async () => {
    expect(await draw({ describe: true })).toMatch(/^## Shards of a Foreshard service/);
  });

  it('draw load, band and capacity of each shard, the fullest first, on the reader’s clock', async () => {
    await seed(60);
    const html = await draw(context(1));
    expect(titles(html)).toEqual(['cart', 'search', 'idle']);
    expect(html.match(/<polygon/g)).toHaveLength(2);
    expect(html).toContain(`>${formatStamp(NOW + 7200).slice(11, 16)}<`);
    expect(html).toContain('Newest plan of the range 60 s ago: ready pool 1 slices (target 2, bound 10)');
    expect(html).toContain('1 slices held by moves');
  });

  it('draw the ones that are asked for', async () => {
    await seed(5);
    expect(titles(await draw({ ...context(1), shards: ['idle', 'nobody'] }))).toEqual(['idle']);
    expect(titles(await draw({ ...context(1), most: '1' }))).toEqual(['cart']);
  });

  it('have every point inside the picture', async () => {
    await seed(60);
    for (const [, width, body] of (await draw(context(0.5))).matchAll(
      /<svg role="img"[^>]* width="(\d+)".*?>(.*?)<\/svg>/gs,
    ))
      for (const [, points] of body!.matchAll(/points="([^"]*)"/g))
        for (const point of points!.split(' ')) {
          const [x, y] = point.split(',').map(Number);
          expect(x).toBeGreaterThanOrEqual(0);
          expect(x).toBeLessThanOrEqual(Number(width));
          expect(y).toBeGreaterThanOrEqual(0);
          expect(y).toBeLessThanOrEqual(146);
        }
  });

  it('carry nothing that runs or was not escaped', async () => {
    await seed(5);
    const html = await draw(context(1));
    expect(html).not.toMatch(/<script|<iframe|<use|javascript:|\son\w+=/i);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;requests&quot;');
    expect(escapeHtml(`<a href='x'>`)).toBe('&lt;a href=&#39;x&#39;&gt;');
  });

  it('say the newest load, also where a point of the line stands for many minutes', async () => {
    await seed(900);
    await new LoadRecords(table).write(NOW - 60, new Map([['cart', 40]]));
    const html = await draw(context(15));
    expect(html).toContain('cart: 40 of 400');
    expect(html).toMatch(/<td[^>]*>cart<\/td>.*?<td[^>]*>40<\/td>.*?<td[^>]*>10 %<\/td>/s);
  });

  it('read a few plans of a long range, and no more than three days', async () => {
    await seed(1500);
    let queries = 0;
    const query = table.query.bind(table);
    table.query = async (...args) => {
      const items = await query(...args);
      if (args[0] === PK.plan) queries += items.length;
      return items;
    };
    const html = await draw(context(24 * 14));
    expect(html).toContain('Only the last 72 h');
    expect(queries).toBeLessThanOrEqual(120);
  });

  it('say so when nothing is there, or when the newest plan is old', async () => {
    expect(await draw(context(1))).toContain('No plan was made in this range.');
    await seed(5);
    const late = widgetSchema.parse(context(1));
    const html = await handler.work(late, working({ table, settings }, { now: NOW + 600 }));
    expect(html).toMatch(/<b style="color:#b91c1c">660 s ago<\/b>/);
  });

  it('follow a zoom, and never look into the future', () => {
    const zoom = { start: (NOW - 600) * 1000, end: (NOW + 600) * 1000 };
    const event = widgetSchema.parse(context(1));
    event.widgetContext!.timeRange.zoom = zoom;
    expect(viewOf(event, NOW)).toMatchObject({ from: NOW - 600, to: NOW });
    expect(viewOf(widgetSchema.parse({}), NOW)).toMatchObject({
      from: NOW - 3 * 3600,
      to: NOW,
      isDark: false,
    });
  });

  it('shorten numbers', () => {
    expect([0, 1.234, 950, 1234, 34e6, Number.NaN].map(short)).toEqual([
      '0',
      '1.23',
      '950',
      '1.23k',
      '34M',
      '–',
    ]);
  });
});
