import { describe, expect, it } from 'vitest';
import { LoadRecords } from '../../adapters/aws/load-records.ts';
import { Records } from '../../adapters/aws/records.ts';
import { PK } from '../../adapters/aws/table.ts';
import { type Subject, tell } from '../../backtest/report/explain.ts';
import { deployedStory } from '../../cli/deployed-story.ts';
import type { FleetAction, Move, Plan } from '../../core/capacity/plan.ts';
import { LEVELS } from '../../core/forecast/forecast.ts';
import { DAY } from '../../core/time.ts';
import { T0 } from '../world/fixtures.ts';
import { FakeDeployed } from './deployed-fake.ts';

const web = { kind: 'shard', name: 'web' } as const;

function move(at: number, changed: Partial<Move> = {}): Move {
  const reason = { rule: 'forecast', need: 300, have: 200 } as const;
  return {
    id: `${at}/i-1:8080`,
    slice: 'i-1:8080',
    from: { kind: 'ready' },
    to: { kind: 'active', shard: 'web' },
    reason,
    ...changed,
  };
}

const would = { rule: 'forecast', ahead: 70, need: 90, have: 50 } as const;

const unusual = {
  ...{ kind: 'jump' as const, since: T0 - 60, load: 150, median: 200, low: 180, high: 220, withheld: true },
} as const;

const forecast = (at: number) => ({
  shard: 'web',
  at,
  knownUntil: at,
  horizons: [{ ahead: 60, quantiles: LEVELS.map((level) => 400 * level) }],
  method: 'last 0.6, seasonal 0.4',
  moved: [{ cause: 'event sale', factor: 1.5, ahead: 300 }],
  // At T0, not one lead time before.
  ...(at === T0 - 60 && { unusual }),
});

/** A plan each minute of ten before T0, at which one move and one release are planned. */
async function recorded(): Promise<FakeDeployed> {
  const deployed = new FakeDeployed();
  const records = new Records(deployed.table);
  for (let at = T0 - 600; at <= T0; at += 60) {
    const plan: Plan = {
      at,
      moves: [],
      fleet: [],
      desired: { steady: 1, spot: 0, warm: 0 },
      pool: { target: 0, ready: 0, bound: 0 },
      shards: [
        { shard: 'web', mode: 'active', have: at === T0 ? 210 : 200, coming: 0, want: 300, guarantee: 0 },
        { shard: 'cart', mode: 'shadow', have: 50, coming: 0, want: 100, guarantee: 50, reason: would },
      ],
      findings: [],
    };
    const release: FleetAction = { kind: 'release', instance: 'i-9', to: 'warm', reason: { rule: 'pool' } };
    await records.planned({
      plan,
      moves: at === T0 ? [{ move: move(T0) }] : [],
      actions: at === T0 ? [release] : [],
      refused: [],
      failures: [],
      // What was said a minute before T0 counts there.
      forecasts: new Map([['web', at === T0 - 60 ? forecast(at) : forecast(at - 60)]]),
      ahead: 60,
    });
  }
  await new LoadRecords(deployed.table).write(T0 - 60, new Map([['web', 150]]));
  await deployed.clock.runUntil(T0 + 3600);
  return deployed;
}

const told = async (deployed: FakeDeployed, subject: Subject, at: number) =>
  tell(await deployedStory(deployed, at), subject, at).join('\n');

describe('foreshard explain, of a deployed service', () => {
  it('tells of a shard in the words of the backtest', async () => {
    const deployed = await recorded();
    await new Records(deployed.table).moveDone(T0, move(T0), {
      outcome: 'failed',
      at: T0 + 90,
      error: 'slice i-1:8080 is not healthy',
    });
    expect(await told(deployed, web, T0)).toBe(
      `Shard web at 2026-01-05 00:00 UTC
Its load was 150 requests/s; the forecast made one lead time before said 40 / 200 / 360 (10 / 50 / 90 %).
Capacity in service was 210 requests/s.
The forecast was carried by last 60 %, seasonal 40 %.
It was moved by event sale ×1.5, 5 min ahead.
Its load was unusual since 2026-01-04 23:59 UTC: many times more or less than just before; 150 requests/s came, 200 was expected (180 to 220 at 98 %); it is withheld from the forecast, and the last good size is held.

2026-01-05 00:00 UTC: slice i-1:8080 goes from the ready pool to web.
  Why: the forecast made one more slice worth its cost (rule forecast).
  Need 300 requests/s, have 200 requests/s: 100 requests/s short.
  Outcome: failed, 90 s later; the slice went back (slice i-1:8080 is not healthy).`,
    );
  });

  it('tells of a shard in shadow what the plan would do, and why', async () => {
    const text = await told(await recorded(), { kind: 'shard', name: 'cart' }, T0);
    expect(text).toContain(`Capacity in service was 50 orders/s.
It was in shadow: nothing is moved for it, but the plan would give it 100 orders/s.
  Why: the forecast made one more slice worth its cost (rule forecast).
  Decided for 70 s ahead.
  Need 90 orders/s, have 50 orders/s: 40 orders/s short.
`);
  });

  it('tells of an instance: its moves, what the fleet did with it, and Spot', async () => {
    const deployed = await recorded();
    expect(await told(deployed, { kind: 'instance', id: 'i-9' }, T0)).toContain(
      'i-9: release to the warm pool.\n  Why: the ready pool or the warm pool was off its target (rule pool).',
    );
    expect(await told(deployed, { kind: 'instance', id: 'i-1' }, T0)).toContain('Outcome: still under way.');
    await deployed.add('i-2', 'InService', [{ kind: 'active', since: T0, shard: 'web' }]);
    await deployed.table.put({ pk: PK.instance, sk: 'i-2', noticeAt: T0, deadline: T0 + 120 });
    expect(await told(deployed, { kind: 'instance', id: 'i-2' }, T0)).toBe(
      `Instance i-2 at 2026-01-05 00:00 UTC

2026-01-05 00:00 UTC: Spot takes instance i-2, gone at 2026-01-05 00:02 UTC.
  Warning: the notice at 2026-01-05 00:00 UTC.
  It served web.`,
    );
  });

  it('names the nearest where nothing happened, and says what it does not know', async () => {
    const deployed = await recorded();
    const text = await told(deployed, web, T0 - 20 * 3600);
    expect(text).toContain('Its load was not measured.\n\nNothing happened to it within 5 minutes');
    expect(text).toContain(
      'Nothing before it in the records of a day before and after.\n\nThe nearest after it:\n2026-01-05 00:00 UTC',
    );
  });

  it('refuses what the records cannot know', async () => {
    const deployed = await recorded();
    await expect(told(deployed, web, T0 - 40 * DAY)).rejects.toThrow('is outside the records, which span');
    await expect(told(deployed, web, T0 + DAY)).rejects.toThrow('is outside the records');
    await expect(told(deployed, { kind: 'shard', name: 'wep' }, T0)).rejects.toThrow(
      '--shard "wep" is not in the records: nearest is "web"',
    );
    await expect(told(deployed, { kind: 'instance', id: 'i-10' }, T0)).rejects.toThrow(
      '--instance "i-10": nothing ever happened to it in the records of a day before and after; nearest is "i-1"',
    );
  });
});
