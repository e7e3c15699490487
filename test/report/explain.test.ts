import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { explain, parseAt } from '../../backtest/report/explain.ts';
import type { MoveRecord, RunRecord } from '../../backtest/report/run-record.ts';
import { registerExplain } from '../../cli/explain.ts';
import { syntheticRun } from './fixture.ts';

const base = syntheticRun({ shards: 2, steps: 288 });
const HOUR = 3600;

function moveAt(at: number, changed: Partial<MoveRecord> = {}): MoveRecord {
  return {
    at,
    outcome: 'done',
    doneAt: at + 12,
    move: {
      id: 'm',
      slice: 'i-0001:8080',
      from: { kind: 'ready' },
      to: { kind: 'active', shard: 'search' },
      reason: {
        rule: 'forecast',
        ahead: 70,
        forecast: { median: 790, q90: 910, q99: 955 },
        need: 900,
        have: 850,
        value: 3.2,
        considered: ['a slice of checkout: worth 4.1 there'],
      },
    },
    ...changed,
  };
}

function runWith(moves: readonly MoveRecord[]): RunRecord {
  return { ...base, moves, actions: [], interruptions: [] };
}

const search = { kind: 'shard', name: 'search' } as const;
const at = (hours: number) => base.start + hours * HOUR;

describe('explain', () => {
  it('says what, why, with which numbers, what else and how it ended', () => {
    const lines = explain(runWith([moveAt(at(10))]), search, at(10));
    expect(lines[0]).toBe('Shard search at 2026-05-04 10:00 UTC');
    expect(lines.slice(4)).toEqual([
      '2026-05-04 10:00 UTC: slice i-0001:8080 goes from the ready pool to search.',
      '  Why: the forecast made one more slice worth its cost (rule forecast).',
      '  Forecast, 70 s ahead: 790 requests/s in the middle, 910 at 90 %, 955 at 99 %.',
      '  Need 900 requests/s, have 850 requests/s: 50 requests/s short.',
      '  In that minute alone the slice serves load worth 3.2 times its cost.',
      '  Also considered: a slice of checkout: worth 4.1 there.',
      '  Outcome: done, 12 s later.',
    ]);
  });

  it('says of a slice that serves next to nothing no more than that', () => {
    const { move } = moveAt(at(10));
    const idle = { ...move, reason: { ...move.reason, value: 2e-26 } };
    expect(explain(runWith([moveAt(at(10), { move: idle })]), search, at(10))).toContain(
      '  In that minute alone the slice serves load worth less than 0.01 times its cost.',
    );
  });

  it('says load, forecast and capacity of that time, a missing load as such', () => {
    const i = 120;
    const shard = { ...base.shards[1]!, load: [...base.shards[1]!.load] };
    shard.load[i] = Number.NaN;
    const run = { ...runWith([]), shards: [base.shards[0]!, shard] };
    expect(explain(run, search, at(10))[1]).toMatch(
      /^Its load was not measured; the forecast .* \(10 \/ 50 \/ 90 %\)\.$/,
    );
    expect(explain(run, search, at(11))[1]).toMatch(/^Its load was [\d,]+ requests\/s;/);
  });

  it('names the nearest before and after when nothing happened then', () => {
    const text = explain(runWith([moveAt(at(1)), moveAt(at(2)), moveAt(at(20))]), search, at(10)).join('\n');
    expect(text).toContain('Nothing happened to it within 5 minutes of that time.');
    expect(text).toContain('The nearest before it:\n2026-05-04 02:00 UTC');
    expect(text).toContain('The nearest after it:\n2026-05-04 20:00 UTC');
    expect(text).not.toContain('01:00 UTC');
    expect(explain(runWith([moveAt(at(20))]), search, at(10))).toContain('Nothing before it in the run.');
  });

  it('tells of a slice both to the shard that gives it and to the one that gets it', () => {
    const move = { ...moveAt(at(10)).move, from: { kind: 'active', shard: 'checkout' } as const };
    const run = runWith([moveAt(at(10), { move })]);
    for (const name of ['checkout', 'search']) {
      const text = explain(run, { kind: 'shard', name }, at(10)).join('\n');
      expect(text).toContain('goes from checkout to search.');
    }
  });

  it('knows an instance by its slices, actions and interruptions, and by no other', () => {
    const reason = { rule: 'pool', need: 6, have: 4 } as const;
    const run: RunRecord = {
      ...runWith([moveAt(at(10)), moveAt(at(10), { move: { ...moveAt(0).move, slice: 'i-00011:8080' } })]),
      actions: [{ at: at(10.01), action: { kind: 'release', instance: 'i-0001', to: 'warm', reason } }],
      interruptions: [
        {
          instance: 'i-0001',
          zone: 'a',
          noticeAt: at(10.02),
          goneAt: at(10.05),
          shards: ['search'],
          absorbed: 1,
          slices: 2,
        },
      ],
    };
    const text = explain(run, { kind: 'instance', id: 'i-0001' }, at(10)).join('\n');
    expect(text).toContain('slice i-0001:8080 goes');
    expect(text).toContain('i-0001: release to the warm pool.');
    expect(text).toContain('Need 6, have 4: 2 short.');
    expect(text).toContain('1 of its 2 slices had a replacement');
    expect(text).not.toContain('i-00011');
    expect(explain(run, { kind: 'instance', id: 'i-0001:8080' }, at(10)).join('\n')).toContain(
      'slice i-0001:8080',
    );
  });

  it.each([
    ['failed', 'failed, 12 s later; the slice went back'],
    ['lost-claim', 'dropped, because another workflow held the slice'],
    ['open', 'still under way when the run ended'],
  ] as const)('outcome %s in words', (outcome, words) => {
    expect(explain(runWith([moveAt(at(10), { outcome })]), search, at(10)).join('\n')).toContain(
      `Outcome: ${words}.`,
    );
  });

  it('tells at most twenty, and how many more', () => {
    const lines = explain(runWith(Array.from({ length: 25 }, () => moveAt(at(10)))), search, at(10));
    expect(lines.filter((line) => line.includes('goes from'))).toHaveLength(20);
    expect(lines.at(-1)).toBe('… and 5 more until 2026-05-04 10:00 UTC.');
  });

  it.each([
    [{ kind: 'shard', name: 'serch' }, 10, '--shard "serch" is not in the run: nearest is "search"'],
    [
      { kind: 'instance', id: 'i-0002' },
      10,
      '--instance "i-0002": nothing ever happened to it in the run; nearest is "i-0001"',
    ],
    [
      search,
      24,
      '--at 2026-05-05 00:00 UTC is outside the run, which spans 2026-05-04 00:00 to 2026-05-05 00:00 UTC',
    ],
    [search, -1, '--at 2026-05-03 23:00 UTC is outside the run'],
  ] as const)('refuses %j at hour %d', (subject, hour, message) => {
    expect(() => explain(runWith([moveAt(at(10))]), subject, at(hour))).toThrow(message);
  });
});

describe('parseAt', () => {
  const wanted = Date.UTC(2026, 4, 4, 10, 15) / 1000;
  it.each(['2026-05-04T10:15Z', '2026-05-04 10:15', '2026-05-04 10:15 UTC', '2026-05-04T12:15:00+02:00'])(
    '%s',
    (text) => {
      expect(parseAt(text)).toBe(wanted);
    },
  );
  it.each(['yesterday', '2026-13-04', '10:15', '', '2026-05-04T25:00Z'])('refuses "%s"', (text) => {
    expect(() => parseAt(text)).toThrow(
      `--at must be a time such as 2026-05-04T10:15Z, got ${JSON.stringify(text)}`,
    );
  });
});

describe('the command', () => {
  const call = (...args: string[]) => {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    registerExplain(program);
    return program.parseAsync(['explain', ...args], { from: 'user' });
  };
  it('wants exactly one of shard and instance', async () => {
    const both = ['--shard', 'a', '--instance', 'b'];
    for (const args of [[], both]) {
      await expect(call('--run', '/nowhere', '--at', '2026-05-04', ...args)).rejects.toThrow(
        'either --shard NAME or --instance ID',
      );
    }
  });
  it('says which run cannot be read', async () => {
    await expect(call('--run', '/nowhere', '--at', '2026-05-04', '--shard', 'a')).rejects.toThrow(
      'cannot read /nowhere/run.json.gz (ENOENT)',
    );
  });
});
