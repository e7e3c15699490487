import { beforeEach, describe, expect, it } from 'vitest';
import type { Experiment } from '../../adapters/aws/fis.ts';
import { TableHandOvers } from '../../adapters/aws/hand-over/hand-overs.ts';
import { TableSlotMaps } from '../../adapters/aws/hand-over/slot-maps.ts';
import { Modes } from '../../adapters/aws/modes.ts';
import { PK } from '../../adapters/aws/table.ts';
import { rehearse, type Wanted } from '../../cli/rehearse.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { T0 } from '../world/fixtures.ts';
import { FakeDeployed } from './deployed-fake.ts';

const YAML = `service: shop
shards:
  - { name: web, capacity: { perInstance: 100 }, mode: active }
  - name: cart
    capacity: { perInstance: 50 }
    mode: active
    handOver: { state: copy, slots: { count: 2, by: { header: x-cart } } }
fleet: { max: 20, spotShare: 0.5 }
`;

class Service extends FakeDeployed {
  readonly rehearsal = { template: 'EXT1', region: 'eu-west-1' };
  readonly calls: string[] = [];
  experiment: Experiment = { id: 'EXP1', status: 'running' };
  readonly slots = new TableSlotMaps(this.table);
  readonly handOvers = new TableHandOvers(this.table);

  readonly fis = {
    start: async (template: string) => {
      this.calls.push(`start ${template}`);
      return this.experiment;
    },
    get: async () => this.experiment,
    narrowed: async (template: string, instance: string) => {
      this.calls.push(`narrowed ${template} ${instance}`);
      return 'EXT2';
    },
    drop: async (template: string) => void this.calls.push(`drop ${template}`),
  };

  put = (slice: string, placement: Placement) =>
    this.table.put({ pk: PK.slice, sk: slice, placement, version: 1 });
  at = (after: number, act: () => Promise<unknown>) => this.clock.schedule(T0 + after, () => void act());
  told = (instance: string, more: object) => this.table.put({ pk: PK.instance, sk: instance, ...more });

  /** Slot 0 and 1 of cart go from i-1 to i-2, or fail. */
  async handOver(phase: 'done' | 'failed'): Promise<void> {
    const now = this.clock.now();
    const opened = await this.handOvers.open({
      shard: 'cart',
      source: 'i-1:8080',
      target: 'i-2:8080',
      slots: [0, 1].map((slot) => ({ slot, epoch: 1 })),
      cause: 'interruption',
      at: now,
      go: true,
    });
    if (opened.outcome !== 'opened') throw new Error(opened.outcome);
    const { id } = opened.handOver;
    await this.handOvers.advance('i-1:8080', id, { phase: 'copying' });
    if (phase === 'failed') {
      await this.handOvers.advance('i-1:8080', id, { phase, error: 'deadline' });
      return;
    }
    await this.handOvers.advance('i-1:8080', id, { phase: 'switching' });
    const progress = {
      at: now,
      round: 3,
      copiedBytes: 512 * 1_048_576,
      dirtyBytes: 0,
      bytesPerSecond: 1e8,
      predictedPause: 0.3,
      outrun: false,
      pause: 0.4,
    };
    await this.handOvers.advance('i-1:8080', id, { phase, progress });
    for (const slot of [0, 1])
      await this.slots.pass('cart', { slot, epoch: 1, holder: 'i-1:8080' }, 'i-2:8080');
    await this.put('i-2:8080', { kind: 'active', shard: 'cart', since: now });
  }
}

let service: Service;
let said: string[];
const run = (wanted: Partial<Wanted> = {}) =>
  service.clock.settle(
    rehearse(
      service,
      () => service.fis,
      { yes: true, ...wanted },
      (line) => void said.push(line),
    ),
  );

beforeEach(async () => {
  service = new Service(YAML);
  said = [];
  await service.put('i-1:8080', { kind: 'active', shard: 'cart', since: T0 });
  await service.put('i-1:8081', { kind: 'active', shard: 'web', since: T0 });
  await service.put('i-2:8080', { kind: 'reserved', shard: 'cart', since: T0, until: T0 + 1e4 });
  for (const slot of [0, 1]) await service.slots.pass('cart', { slot, epoch: 0 }, 'i-1:8080');
});

/** Rebalance at once, the notice after two minutes, the end two minutes later. */
function interruption(): void {
  service.at(5, () => service.told('i-1', { rebalanceAt: T0 + 4 }));
  const notice = { rebalanceAt: T0 + 4, noticeAt: T0 + 124, deadline: T0 + 244 };
  service.at(125, () => service.told('i-1', notice));
  service.at(180, async () => {
    await service.table.delete(PK.slice, 'i-1:8080');
    await service.table.delete(PK.slice, 'i-1:8081');
  });
}

describe('a rehearsal', () => {
  it('says what it would do, and does nothing without --yes', async () => {
    const { text } = await run({ yes: false });
    expect(text).toBe(
      'Would interrupt one or more Spot instances, as its experiment chooses. Serving: cart, web. Nothing was done: --yes does it.\n',
    );
    expect(service.calls).toEqual([]);
  });

  it('follows the hand-over, and tells what became of state and traffic', async () => {
    interruption();
    service.at(135, () => service.handOver('done'));
    const { text, lost } = await run();
    expect(lost).toBe(false);
    expect(service.calls).toEqual(['start EXT1']);
    expect(text).toMatch(/cart +i-1:8080 +4 s +124 s +512 MiB +0.4 s +1\d s +5\d s +handed over to i-2:8080/);
    expect(text).toMatch(/web +i-1:8081 +4 s +124 s +– +– +– +5\d s +no state; drained in time/);
    expect(text).toContain('Nothing was lost.');
    expect(said[0]).toContain('experiment EXP1');
    expect(said.at(-1)).toContain('i-1:8080 (notice)');
  });

  it('says what was lost, and why', async () => {
    interruption();
    service.at(135, () => service.handOver('failed'));
    const { text, lost } = await run();
    expect(lost).toBe(true);
    expect(text).toContain('LOST 2 of 2 slots: deadline');
    expect(text).toContain('1 of 2 slices lost something.');
  });

  it('says so where there was no hand-over, and where a slice served to its end', async () => {
    const notice = { noticeAt: T0 + 124, deadline: T0 + 244 };
    service.at(125, () => service.told('i-1', notice));
    const { text, lost } = await run();
    expect(lost).toBe(true);
    expect(text).toContain('LOST 2 of 2 slots: there was no hand-over');
    expect(text).toContain('went with its instance while it served');
    expect(service.clock.now()).toBeGreaterThan(T0 + 244);
  });

  it('takes one instance by a template of its own, which it removes again', async () => {
    interruption();
    service.at(135, () => service.handOver('done'));
    await run({ instance: 'i-1' });
    expect(service.calls).toEqual(['narrowed EXT1 i-1', 'start EXT2', 'drop EXT2']);
  });

  it('counts neither older notices nor older hand-overs', async () => {
    await service.told('i-9', { noticeAt: T0 - 60, deadline: T0 + 60 });
    await service.handOver('failed');
    await service.clock.runUntil(T0 + 3600);
    const late = service.clock.now();
    service.clock.schedule(late + 125, () => {
      void service.told('i-1', { noticeAt: late + 124, deadline: late + 244 });
    });
    service.clock.schedule(late + 180, () => void service.table.delete(PK.slice, 'i-1:8080'));
    service.clock.schedule(late + 181, () => void service.table.delete(PK.slice, 'i-1:8081'));
    const { text } = await run();
    expect(text).toContain('there was no hand-over');
    expect(text).not.toContain('i-9');
  });

  it('ends without a notice where the plan has emptied the instance on the recommendation', async () => {
    service.at(5, () => service.told('i-1', { rebalanceAt: T0 + 4 }));
    service.at(30, () => service.handOver('done'));
    service.at(60, async () => {
      const gone = [
        [PK.instance, 'i-1'],
        [PK.slice, 'i-1:8080'],
        [PK.slice, 'i-1:8081'],
      ] as const;
      await Promise.all(gone.map(([pk, sk]) => service.table.delete(pk, sk)));
      service.experiment = { id: 'EXP1', status: 'completed' };
    });
    const { text, lost } = await run();
    expect(lost).toBe(false);
    expect(text).toMatch(/cart +i-1:8080 +4 s +– +512 MiB .* handed over to i-2:8080/);
    expect(service.clock.now()).toBeLessThan(T0 + 120);
  });

  it('says so when the instance served nothing', async () => {
    service.at(125, () => service.told('i-7', { noticeAt: T0 + 124, deadline: T0 + 244 }));
    expect(await run()).toEqual({ text: 'i-7 was told to go, and served no shard.\n', lost: false });
  });
});

describe('a rehearsal is not begun', () => {
  it('where there is no experiment', async () => {
    Object.assign(service, { rehearsal: undefined });
    await expect(run()).rejects.toThrow('deploy it with the prop rehearsal');
  });

  it('in shadow', async () => {
    await new Modes(service.table).switch('cart', 'shadow', T0, 'ann');
    await expect(run()).rejects.toThrow(
      'expected no shard in shadow, where nothing would be handed over, got cart',
    );
    await expect(run({ instance: 'i-1' })).rejects.toThrow(/^i-1: /);
    expect(service.calls).toEqual([]);
  });

  it('where nothing serves', async () => {
    await expect(run({ instance: 'i-2' })).rejects.toThrow(
      'i-2: expected a slice that serves a shard, got none',
    );
  });
});

describe('an experiment', () => {
  it('that fails is said with its reason', async () => {
    service.experiment = { id: 'EXP1', status: 'failed', reason: 'target resolution returned empty set' };
    await expect(run()).rejects.toThrow(/EXP1 is failed: target resolution returned empty set; no instance/);
  });

  it('without a notice ends after a while', async () => {
    await expect(run()).rejects.toThrow('experiment EXP1 (running): no notice came within 15 minutes');
  });
});
