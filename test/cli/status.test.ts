import { describe, expect, it } from 'vitest';
import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { LoadRecords } from '../../adapters/aws/load-records.ts';
import { Modes } from '../../adapters/aws/modes.ts';
import { ProposalItems } from '../../adapters/aws/proposal-items.ts';
import { Records } from '../../adapters/aws/records.ts';
import { PK } from '../../adapters/aws/table.ts';
import { asJson } from '../../cli/status.ts';
import { statusOf } from '../../cli/status-read.ts';
import { statusText } from '../../cli/status-text.ts';
import type { Move, Plan } from '../../core/capacity/plan.ts';
import { LEVELS } from '../../core/forecast/forecast.ts';
import { PROPOSAL } from '../forecast/emerging/fixtures.ts';
import { T0 } from '../world/fixtures.ts';
import { FakeDeployed } from './deployed-fake.ts';

const ready = { kind: 'ready', since: T0 } as const;
const of = (kind: 'active' | 'activating' | 'draining', shard: string) =>
  ({ kind, since: T0, shard }) as const;

const move = (id: string): Move => ({
  id,
  slice: 'i-1:8080',
  from: { kind: 'ready' },
  to: { kind: 'active', shard: 'web' },
  reason: { rule: 'forecast' },
});

const plan: Plan = {
  at: T0 - 20,
  moves: [],
  fleet: [],
  desired: { steady: 3, spot: 1, warm: 1 },
  pool: { target: 1.5, ready: 1, bound: 10 },
  shards: [
    { shard: 'web', mode: 'active', have: 200, coming: 100, want: 350, guarantee: 200 },
    { shard: 'cart', mode: 'shadow', have: 0, coming: 0, want: 50, guarantee: 50 },
  ],
  findings: [
    { kind: 'GuaranteeAtRisk', shard: 'web', guarantee: 2, have: 1 },
    { kind: 'LoadLate', shard: 'cart', age: Number.POSITIVE_INFINITY },
  ],
};

/** A service in the middle of its day. */
async function busy(): Promise<FakeDeployed> {
  const deployed = new FakeDeployed();
  const { table } = deployed;
  await deployed.add('i-1', 'InService', [of('active', 'web')]);
  await deployed.add('i-2', 'InService', [of('active', 'web')], { group: 'spot' });
  await deployed.add('i-3', 'InService', [of('activating', 'web')]);
  await deployed.add('i-4', 'InService', [ready]);
  await deployed.add('i-5', 'InService', [of('draining', 'cart')]);
  await deployed.add('i-6', 'Warmed:Stopped');
  await deployed.add('i-7', 'Pending:Wait');
  await deployed.add('i-8', 'Warmed:Pending:Wait');
  await new LoadRecords(table).write(
    T0 - 180,
    new Map([
      ['web', 150],
      ['cart', 7],
    ]),
  );
  await new LoadRecords(table).write(T0 - 120, new Map([['web', 160]]));
  const horizons = [60, 240].map((ahead) => ({ ahead, quantiles: LEVELS.map((level) => ahead * level) }));
  await new ForecastStore(table).write([
    { shard: 'web', at: T0 - 60, knownUntil: T0 - 120, horizons, method: 'last' },
  ]);
  await new Modes(table).switch('cart', 'hold', T0 - 500, 'ann', 1);
  const records = new Records(table);
  const failures = [{ what: 'stock 2', error: 'ThrottlingException: slow down' }];
  await records.planned({ plan, moves: [{ move: move('a') }], actions: [], refused: [], failures });
  await records.started(T0 - 300, move('b'));
  await records.moveDone(T0 - 300, move('b'), { outcome: 'done', at: T0 - 250 });
  await table.put({ pk: PK.state, sk: 'tick', at: T0 - 20 });
  await table.put({ pk: PK.wait, sk: 'i-3:8080#healthy' });
  return deployed;
}

describe('foreshard status', () => {
  it('shows shards, fleet, plan, moves and what is wrong', async () => {
    expect(statusText(await statusOf(await busy()))).toBe(`Service shop at 2026-01-05 00:00 UTC

shard  mode    load  in 70 s: 50 %  90 %  unit        active  coming  draining  want  guarantee
─────  ──────  ────  ─────────────  ────  ──────────  ──────  ──────  ────────  ────  ─────────
web    active   160             65   117  requests/s       2       1         0   3.5          2
cart   hold       7              –     –  orders/s         0       0         1     1          1

Fleet    5 running (1 ready slice), 1 starting, 1 warm and 1 on their way there
Desired  4 steady, 1 Spot
Pool     1 ready at the last plan, target 1.5, bound 10
Plan     made 20 s ago, last good tick 20 s ago
Moves    under way: 1, the oldest for 20 s; waiting for the load balancer: 1

Findings:
  GuaranteeAtRisk: web has 1 of 2 guaranteed instances
  LoadLate: nothing was measured of cart so far

Failures of the last plan:
  stock 2: ThrottlingException: slow down
`);
  });

  it('says so of a service that has not planned yet', async () => {
    const text = statusText(await statusOf(new FakeDeployed()));
    expect(text).toContain('Plan     none yet; the first comes within a minute of the deploy');
    expect(text).toContain('Pool     not planned yet');
    expect(text).toMatch(/^web +active +– +– +– +requests\/s +0 +0 +0 +– +2$/m);
    expect(text).not.toContain('Findings');
  });

  it('points out what is late: ticks and loads', async () => {
    const deployed = await busy();
    await deployed.clock.runUntil(T0 + 280);
    const text = statusText(await statusOf(deployed));
    expect(text).toContain('last good tick 5 min ago – LATE');
    expect(text).toContain('160, 6.7 min ago');
    await deployed.clock.runUntil(T0 + 3600);
    expect(statusText(await statusOf(deployed))).toMatch(/^web +active +– /m);
  });

  it('names new shards that are proposed or wait, and no others', async () => {
    const deployed = await busy();
    const items = new ProposalItems(deployed.table);
    const kinds = { 'cart-gift': 'open', b: 'accepted', c: 'declined', d: 'routed' } as const;
    for (const [name, state] of Object.entries(kinds))
      await items.put({ ...PROPOSAL, name, state }, undefined);
    expect(statusText(await statusOf(deployed))).toContain(`
New shards:
  b: accepted, waits for its instances
  cart-gift for /cart/gift of cart, ready by 2026-01-05 05:00 UTC: foreshard proposals accept cart-gift

Findings:
`);
  });

  it('says which load is unusual, and what is done', async () => {
    const deployed = await busy();
    const store = new ForecastStore(deployed.table);
    const unusual = {
      ...{
        kind: 'flat' as const,
        since: T0 - 600,
        load: 160,
        median: 190,
        low: 170,
        high: 220,
        withheld: true,
      },
    } as const;
    await store.write([{ ...(await store.read()).get('web')!, unusual }]);
    const status = await statusOf(deployed);
    expect(statusText(status)).toContain(
      'Unusual load:\n  web: since 2026-01-04 23:50 UTC: the same value again and again; 160 requests/s came',
    );
    expect(JSON.parse(asJson(status)).shards.map((one: { unusual: unknown }) => one.unusual)).toEqual([
      unusual,
      null,
    ]);
  });

  it('gives all of it as JSON, null where nothing is known', async () => {
    const json = JSON.parse(asJson(await statusOf(await busy())));
    expect(json).toMatchObject({
      service: 'shop',
      at: T0,
      lead: 70,
      shards: [
        {
          shard: 'web',
          mode: 'active',
          load: { value: 160, time: T0 - 120 },
          active: 2,
          coming: 1,
          want: 3.5,
        },
        { shard: 'cart', mode: 'hold', forecast: null, draining: 1, guarantee: 1 },
      ],
      fleet: {
        instances: { running: 5, warm: 1, starting: 1, stocking: 1, standby: 0 },
        slices: { ready: 1, active: 2 },
        desired: { steady: 4, spot: 1 },
      },
      plannedAge: 20,
      goodTickAge: 20,
      findings: [{ kind: 'GuaranteeAtRisk' }, { kind: 'LoadLate', age: null }],
      openMoves: [{ id: 'a', slice: 'i-1:8080', at: T0 - 20 }],
      waits: 1,
      proposals: [],
    });
    expect(json.shards[0].forecast.median).toBeCloseTo(65);
  });
});
