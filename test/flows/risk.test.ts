import { describe, expect, it } from 'vitest';
import { RiskRecords } from '../../adapters/aws/risk-records.ts';
import type { AgentState } from '../../core/hand-over/agents.ts';
import { countsAt } from '../../core/interruption/pool-history.ts';
import { poolKey } from '../../core/interruption/risk.ts';
import { NO_RISK_INPUTS, risksOf } from '../../core/interruption/risks.ts';
import { settingsSchema } from '../../core/settings/schema.ts';
import type { Instance } from '../../core/shards/instance.ts';
import { HOUR, MINUTE } from '../../core/time.ts';
import { readRiskInputs, rememberRisk } from '../../flows/risk.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';

const NOW = 1_700_000_000;
const settings = settingsSchema.parse({
  service: 'test',
  fleet: { max: 10, spotShare: 1, instanceTypes: [{ type: 'm7i.large' }, { type: 'm6i.large' }] },
  shards: [
    {
      name: 'db',
      mode: 'active',
      capacity: { perInstance: 100 },
      handOver: { state: 'copy', stateMiB: 512 },
    },
    { name: 'web', mode: 'active', capacity: { perInstance: 100 }, risk: { dependsOn: ['db'] } },
  ],
});

const serving = (id: string, shard: string, more: Partial<Instance> = {}): Instance =>
  ({
    id,
    type: 'm7i.large',
    zone: 'a',
    group: 'spot',
    since: NOW - 10 * HOUR,
    state: 'running',
    slices: [
      {
        id: `${id}:8080`,
        instance: id,
        port: 8080,
        share: 1,
        placement: { kind: 'active', since: 0, shard },
      },
    ],
    ...more,
  }) as Instance;

const agent = (instance: string, metrics: Record<string, number>, at = NOW): AgentState => ({
  instance,
  bootId: 'b',
  address: '10.0.0.1',
  transferPort: 7946,
  at,
  leaseUntil: at + 30,
  slices: [
    {
      slice: `${instance}:8080`,
      shard: 'db',
      port: 8080,
      stateBytes: 2 ** 30,
      dirtyBytesPerSecond: 2 ** 20,
      metrics,
    },
  ],
});

describe('risksOf', () => {
  it('weighs each serving slice by its instance, its agent and its shard', () => {
    const instances = [
      serving('i-1', 'db'),
      serving('i-2', 'web'),
      serving('i-3', 'web', { group: 'steady' }),
      serving('i-4', 'web', { rebalanceAt: NOW } as Partial<Instance>),
    ];
    const inputs = { ...NO_RISK_INPUTS, agents: [agent('i-1', { inFlight: 5 })] };
    const [db, web, steady, told] = risksOf(instances, [], inputs, settings, NOW);
    expect(db).toMatchObject({ slice: 'i-1:8080', shard: 'db', stateMiB: 1024, dirtyMiBps: 1 });
    expect(db!.pool).toEqual({ type: 'm7i.large', zone: 'a' });
    expect(db!.cost.parts.dependants).toBe(1);
    expect(db!.cost.total).toBeGreaterThan(web!.cost.total);
    expect(web).toMatchObject({ stateMiB: 0, dirtyMiBps: 0 });
    expect(steady).toMatchObject({ score: 0 });
    expect(steady).not.toHaveProperty('pool');
    expect(told!.likelihood.within15).toBeGreaterThan(10 * web!.likelihood.within15);
    expect(db!.score).toBeCloseTo(db!.likelihood.within60 * db!.cost.total);
  });

  it('takes the settings for the state that no agent has measured', () => {
    const [db] = risksOf([serving('i-1', 'db')], [], NO_RISK_INPUTS, settings, NOW);
    expect(db).toMatchObject({ stateMiB: 512, dirtyMiBps: 5.12 });
  });

  it('weighs what enters a shard with state, as it may hold some, and counts it not among those that serve', () => {
    const entering = (id: string, shard: string, kind: string) => {
      const one = serving(id, shard) as Instance & { readonly slices: object[] };
      return { ...one, slices: one.slices.map((its) => ({ ...its, placement: { kind, since: 0, shard } })) };
    };
    const all = [
      entering('i-1', 'db', 'activating'),
      entering('i-2', 'db', 'reserved'),
      entering('i-3', 'web', 'activating'),
      entering('i-4', 'db', 'draining'),
    ] as Instance[];
    const risks = risksOf([serving('i-0', 'db'), ...all], [], NO_RISK_INPUTS, settings, NOW);
    expect(risks.map(({ slice }) => slice)).toEqual(['i-0:8080', 'i-1:8080']);
    const alone = risksOf([serving('i-0', 'db')], [], NO_RISK_INPUTS, settings, NOW);
    expect(risks[0]).toEqual(alone[0]);
    expect(risks[1]).toMatchObject({ shard: 'db', stateMiB: 512, pool: { zone: 'a' } });
    expect(risksOf(all, [], NO_RISK_INPUTS, settings, NOW)[0]!.cost.total).toBeGreaterThan(0);
  });

  it('counts neighbours, but not pools that share neither type nor zone', async () => {
    const of = async (type: string, zone: string) => {
      const records = new RiskRecords(new MemoryTable());
      await records.note({ type, zone }, NOW - 10 * MINUTE);
      const inputs = { ...NO_RISK_INPUTS, pools: await records.pools() };
      return risksOf([serving('i-1', 'web')], [], inputs, settings, NOW)[0]!.likelihood.within60;
    };
    const quiet = await of('m6i.large', 'b');
    expect(await of('m7i.large', 'b')).toBeGreaterThan(quiet);
    expect(await of('m6i.large', 'a')).toBeGreaterThan(quiet);
    expect(await of('m7i.large', 'a')).toBeGreaterThan(quiet);
  });

  it('is certain once the notice has come', () => {
    const taken = serving('i-1', 'web', { state: 'interrupted', deadline: NOW + 100 } as Partial<Instance>);
    expect(risksOf([taken], [], NO_RISK_INPUTS, settings, NOW)[0]!.likelihood).toMatchObject({
      within15: 1,
      within60: 1,
    });
  });
});

describe('rememberRisk', () => {
  it('notes an interruption once, however often it is seen', async () => {
    const records = new RiskRecords(new MemoryTable());
    const taken = serving('i-1', 'web', {
      state: 'interrupted',
      since: NOW,
      deadline: NOW + 120,
    } as Partial<Instance>);
    const other = serving('i-2', 'web', {
      state: 'interrupted',
      since: NOW + 20,
      deadline: NOW + 140,
    } as Partial<Instance>);
    for (const now of [NOW, NOW + 60]) {
      const failures: never[] = [];
      await rememberRisk(records, [taken, other, serving('i-3', 'web')], NO_RISK_INPUTS, now, failures);
      expect(failures).toEqual([]);
    }
    const pools = await records.pools();
    expect([...pools.keys()]).toEqual([poolKey({ type: 'm7i.large', zone: 'a' })]);
    expect(countsAt([...pools.values()][0]!, NOW)[0]).toBe(1);
  });

  it('learns what is usual from the agents that live, every ten minutes', async () => {
    const records = new RiskRecords(new MemoryTable());
    const agents = [
      agent('i-1', { cpu: 0.2 }),
      agent('i-2', { cpu: 0.4 }),
      agent('i-9', { cpu: 9 }, NOW - HOUR),
    ];
    const see = async (now: number) =>
      rememberRisk(
        records,
        [],
        {
          ...NO_RISK_INPUTS,
          agents: agents.map((one) => ({ ...one, leaseUntil: one.leaseUntil + now - NOW })),
          baselines: await records.baselines(),
        },
        now,
        [],
      );
    await see(NOW);
    expect((await records.baselines()).db!.cpu).toMatchObject({ at: NOW });
    expect((await records.baselines()).db!.cpu!.mean).toBeCloseTo(0.3);
    await see(NOW + 5 * MINUTE);
    expect((await records.baselines()).db!.cpu!.at).toBe(NOW);
    await see(NOW + 10 * MINUTE);
    expect((await records.baselines()).db!.cpu!.at).toBe(NOW + 10 * MINUTE);
  });

  it('says what fails, and goes on', async () => {
    const failures: { what: string; error: string }[] = [];
    const memory = {
      pools: async () => new Map(),
      baselines: async () => ({}),
      note: async () => {
        throw new Error('no table');
      },
      keepBaselines: async () => {
        throw new Error('no table');
      },
    };
    const taken = serving('i-1', 'web', { state: 'interrupted', deadline: NOW } as Partial<Instance>);
    await rememberRisk(
      memory,
      [taken],
      { ...NO_RISK_INPUTS, agents: [agent('i-1', { cpu: 1 })] },
      NOW,
      failures,
    );
    expect(failures).toHaveLength(2);
  });
});

describe('readRiskInputs', () => {
  it('asks nothing that the settings do not need', async () => {
    const plain = settingsSchema.parse({
      service: 'test',
      fleet: { max: 1 },
      shards: [{ name: 'web', capacity: { perInstance: 1 } }],
    });
    const never = async (): Promise<never> => {
      throw new Error('asked');
    };
    const agents = { list: never } as never;
    expect(await readRiskInputs({ agents }, { pools: never, baselines: never }, plain)).toEqual(
      NO_RISK_INPUTS,
    );
    await expect(readRiskInputs({ agents }, { pools: never, baselines: never }, settings)).rejects.toThrow(
      'asked',
    );
  });
});
