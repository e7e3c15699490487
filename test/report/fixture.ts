import type { ActionRecord, MoveRecord, RunRecord, ShardRecord } from '../../backtest/report/run-record.ts';
import type { Rule } from '../../core/capacity/plan.ts';
import { settingsSchema } from '../../core/settings/schema.ts';

export interface FixtureOptions {
  readonly shards?: number;
  readonly steps?: number;
  /** Seconds. */
  readonly step?: number;
  /** At least this many moves: what capacity does not explain is filled up with back-and-forth ones. */
  readonly moves?: number;
  readonly names?: readonly string[];
}

const NAMES = ['checkout', 'search', 'catalog', 'sessions', 'media', 'chat', 'ranking', 'inference'];
const START = Date.UTC(2026, 4, 4) / 1000;
const PER_INSTANCE = 100;

/** A number in [0, 1) that depends on its arguments alone. */
function noise(...keys: number[]): number {
  let hash = 0x9e3779b9;
  for (const key of keys) hash = Math.imul(hash ^ (key + 0x7f4a7c15), 0x85ebca6b) ^ (hash >>> 13);
  hash ^= hash >>> 16;
  return (Math.imul(hash, 0xc2b2ae35) >>> 0) / 2 ** 32;
}

/** A made-up run with seasons, forecasts that are nearly right, flash crowds, moves and interruptions. */
export function syntheticRun(options: FixtureOptions = {}): RunRecord {
  const { shards: count = 4, steps = 288, step = 300, moves: wanted = 0 } = options;
  const names = Array.from({ length: count }, (_, i) => options.names?.[i] ?? NAMES[i] ?? `shard-${i}`);
  const settings = settingsSchema.parse({
    service: 'web-shop',
    shards: names.map((_, i) => ({
      name: NAMES[i] ?? `shard-${i}`,
      capacity: { perInstance: PER_INSTANCE },
    })),
    fleet: { max: 60 * count },
    readyPool: { max: 8 },
  });
  settings.shards.forEach((shard, i) => {
    shard.name = names[i]!;
  });
  const shards = names.map((name, s) => shardRecord(name, s, steps, step));
  const moves = movesOf(shards, step, wanted);
  const fleet = fleetOf(shards, step);
  const served = shards.flatMap((shard) => shard.load).reduce((a, b) => a + b, 0);
  const unmet = shards.flatMap((shard) => shard.unmet).reduce((a, b) => a + b, 0) / served;
  const hours =
    (fleet.active.reduce((a, b) => a + b, 0) + fleet.ready.reduce((a, b) => a + b, 0)) * (step / 3600);
  const result = (policy: string, factor: number, missed: number, knobs: string) => ({
    policy,
    hours: hours * factor,
    cost: hours * factor * 0.1008,
    unmet: missed,
    knobs,
    front: [3, 1.7, 1, 0.6, 0.3].map((more, i) => ({
      unmet: (missed > 0 ? missed : unmet / 50) / more,
      hours: hours * factor * (1.06 - 0.03 * i),
    })),
  });
  return {
    version: 1,
    title: `${count} shards, ${Math.round((steps * step) / 86_400)} days judged after two weeks of history`,
    synthetic: true,
    start: START,
    step,
    settings,
    shards,
    fleet,
    totals: { hours: hours * 1.02, cost: fleet.cost.reduce((a, b) => a + b, 0), unmet: unmet * 1.1 },
    moves,
    actions: actionsOf(fleet.active, step),
    interruptions: interruptionsOf(names, steps * step),
    comparison: {
      ours: result('Foreshard', 1, unmet, 'quantile 0.98, ready pool auto'),
      peers: [
        result('clairvoyant', 0.955, 0, 'knows the load, same lead times'),
        result('AWS predictive + target tracking', 1.17, unmet * 1.6, 'target 82 %, warm pool 6'),
        result('AWS target tracking, 10-second metrics', 1.21, unmet * 0.9, 'target 78 %, warm pool 6'),
        result('AWS target tracking, cold', 1.34, unmet * 4, 'target 65 %'),
        result('AWS as usually set', 1.46, unmet * 0.35, 'target 70 %'),
        result('static peak', 2.2, 0, 'peak of the history'),
      ],
      atOurUnmet: [
        { policy: 'clairvoyant', hours: hours * 0.94 },
        { policy: 'AWS predictive + target tracking', hours: hours * 1.22 },
        { policy: 'AWS target tracking, 10-second metrics', hours: hours * 1.2 },
        { policy: 'AWS target tracking, cold' },
        { policy: 'AWS as usually set', hours: hours * 1.41 },
        { policy: 'static peak', hours: hours * 2.1 },
      ],
      sentence:
        'Foreshard needed 17 % fewer instance-hours than the best of AWS’s own policies at the same unmet load, and 6 % more than a plan that knows the future.',
    },
    notes: [
      'The load is generated from a seed; it is nobody’s traffic.',
      'Two launches failed and were replaced.',
    ],
  };
}

function shardRecord(name: string, s: number, steps: number, step: number): ShardRecord {
  const size = 300 * (1 + 3 * noise(s, 1));
  const phase = noise(s, 2) * 6 * 3600;
  const crowd = Math.floor(steps * (0.2 + 0.6 * noise(s, 3)));
  const usual = (i: number) => {
    const day = ((i * step + phase) % 86_400) / 86_400;
    const weekend = Math.floor((i * step) / 86_400) % 7 >= 5 ? 0.7 : 1;
    return size * weekend * (1.1 + Math.sin(2 * Math.PI * (day - 0.3)) + 0.25 * Math.sin(4 * Math.PI * day));
  };
  const record = { name, load: [], q10: [], q50: [], q90: [], capacity: [], unmet: [], delay: [] } as {
    [K in keyof ShardRecord]: ShardRecord[K];
  };
  let held = 0;
  for (let i = 0; i < steps; i++) {
    const since = i - crowd;
    const burst = s % 3 === 1 && since >= 0 ? Math.exp((-since * step) / 5400) : 0;
    const load = (usual(i) + 1.6 * size * burst) * (0.94 + 0.12 * noise(s, i, 4));
    const seen =
      i === 0 ? 0 : Math.exp((-Math.max(0, since - 1) * step) / 5400) * (burst > 0 && since > 0 ? 1 : 0);
    const median = (usual(i) + 1.6 * size * seen) * (0.98 + 0.04 * noise(s, i, 5));
    held = Math.max(median * 1.12, held - PER_INSTANCE * 0.4);
    const capacity = Math.max(1, Math.ceil(held / PER_INSTANCE)) * PER_INSTANCE;
    const unmet = Math.max(0, load - capacity);
    record.load.push(load);
    record.q10.push(median * 0.92);
    record.q50.push(median);
    record.q90.push(median * 1.09);
    record.capacity.push(capacity);
    record.unmet.push(unmet);
    record.delay.push(unmet > 0 && s % 3 === 1 ? (30 * unmet) / load : 0);
  }
  return record;
}

function movesOf(shards: readonly ShardRecord[], step: number, wanted: number): MoveRecord[] {
  const moves: MoveRecord[] = [];
  const add = (i: number, s: number, arrives: boolean, rule: Rule) => {
    const shard = shards[s]!;
    const n = moves.length;
    const at = START + i * step + 60 * Math.floor((noise(n, 6) * step) / 60);
    const place = { kind: 'active', shard: shard.name } as const;
    const lender = shards[(s + 1) % shards.length]!;
    const direct = arrives && shards.length > 1 && n % 5 === 0;
    moves.push({
      at,
      doneAt: at + (arrives ? 12 : 61),
      outcome: n % 211 === 210 ? 'failed' : 'done',
      move: {
        id: `m${n}`,
        slice: `i-${Math.floor(noise(n, 7) * 4000)
          .toString(16)
          .padStart(8, '0')}:8080`,
        from: arrives ? (direct ? { kind: 'active', shard: lender.name } : { kind: 'ready' }) : place,
        to: arrives ? place : { kind: 'ready' },
        reason: {
          rule,
          ahead: arrives ? 70 : 300,
          forecast: { median: shard.q50[i]!, q90: shard.q90[i]!, q99: shard.q90[i]! * 1.05 },
          need: shard.q90[i]! * 1.02,
          have: shard.capacity[i]! - (arrives ? PER_INSTANCE : -PER_INSTANCE),
          value: arrives ? 1 + 3 * noise(n, 8) : noise(n, 8),
          considered: [`a slice of ${lender.name}: worth ${(1 + noise(n, 9)).toFixed(1)} there`],
        },
      },
    });
  };
  shards.forEach((shard, s) => {
    for (let i = 1; i < shard.capacity.length; i++) {
      const change = Math.round((shard.capacity[i]! - shard.capacity[i - 1]!) / PER_INSTANCE);
      const rule = change < 0 ? 'release' : change > 4 ? 'reactive' : 'forecast';
      for (let k = 0; k < Math.abs(change); k++) add(i, s, change > 0, rule);
    }
  });
  const steps = shards[0]?.load.length ?? 0;
  for (let n = 0; moves.length < wanted; n++) {
    add(
      Math.floor(noise(n, 10) * steps),
      n % shards.length,
      n % 2 === 0,
      n % 2 === 0 ? 'replace' : 'release',
    );
  }
  return moves.sort((a, b) => a.at - b.at);
}

function fleetOf(shards: readonly ShardRecord[], step: number): RunRecord['fleet'] {
  const active = (shards[0]?.load ?? []).map((_, i) =>
    shards.reduce((sum, shard) => sum + shard.capacity[i]! / PER_INSTANCE, 0),
  );
  const change = (i: number) => active[i]! - (active[i - 1] ?? active[i]!);
  const ready = active.map((_, i) => 3 + Math.floor(4 * noise(i >> 3, 11)));
  const stopped = active.map((value) =>
    Math.max(0, Math.ceil(Math.max(...active.slice(0, 288)) * 0.6 - value)),
  );
  const starting = active.map((_, i) => Math.max(0, active[i + 2] === undefined ? 0 : change(i + 2)));
  return {
    active,
    activating: active.map((_, i) => Math.max(0, change(i)) * 0.3),
    draining: active.map((_, i) => Math.max(0, -change(i))),
    ready,
    starting,
    stopped,
    readyTarget: active.map((_, i) => 3 + Math.floor(4 * noise(i >> 5, 12))),
    cost: active.map((value, i) => ((value + ready[i]! + starting[i]!) * 0.1008 * step) / 3600),
  };
}

function actionsOf(active: readonly number[], step: number): ActionRecord[] {
  const actions: ActionRecord[] = [];
  for (let i = 1; i < active.length; i++) {
    const change = active[i]! - active[i - 1]!;
    const at = START + i * step;
    const reason = {
      rule: 'pool',
      need: 6,
      have: 4,
      considered: ['waiting a tick: the pool would run dry'],
    } as const;
    if (change > 0) actions.push({ at, action: { kind: 'start', group: 'steady', count: change, reason } });
    if (change < 0) {
      const instance = `i-${i.toString(16).padStart(8, '0')}`;
      actions.push({ at, action: { kind: 'release', instance, to: 'warm', reason } });
    }
  }
  return actions;
}

function interruptionsOf(names: readonly string[], span: number): RunRecord['interruptions'] {
  return Array.from({ length: 14 }, (_, n) => {
    const goneAt = START + Math.floor(span * (0.03 + 0.94 * noise(n, 13)));
    return {
      instance: `i-5${n.toString(16).padStart(7, '0')}`,
      zone: ['a', 'b', 'c'][n % 3]!,
      ...(n % 4 === 0 ? {} : { rebalanceAt: goneAt - 900 }),
      noticeAt: goneAt - 120,
      goneAt,
      shards: [names[n % names.length]!],
      absorbed: n % 6 === 5 ? 0 : n % 5 === 4 ? 1 : 2,
      slices: 2,
    };
  });
}
