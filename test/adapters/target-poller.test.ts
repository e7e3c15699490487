import { describe, expect, it } from 'vitest';
import { HealthItems } from '../../adapters/aws/health-items.ts';
import { Leases } from '../../adapters/aws/leases.ts';
import { type PollerParts, pollTargets } from '../../adapters/aws/target-poller.ts';
import { type Answer, type Wait, Waits } from '../../adapters/aws/waits.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { TargetHealth } from '../../core/ports.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';

const START = 1_000_000;

/** Groups `s0`, `s1`, …, a poller over them, and what it did. */
class Scene {
  readonly clock = new VirtualClock(START);
  readonly table = new MemoryTable();
  readonly waits = new Waits(this.table);
  readonly health = new HealthItems(this.table);
  readonly looks: { readonly at: number; readonly shard: string }[] = [];
  readonly answers: { readonly at: number; readonly token: string; readonly answer: Answer }[] = [];
  readonly targets = new Map<string, Map<string, TargetHealth>>();
  /** Seconds that a look takes. */
  latency = 0;
  answering: (token: string) => boolean = () => true;
  readonly parts: PollerParts;

  constructor(groups: number) {
    for (let i = 0; i < groups; i++) this.targets.set(`s${i}`, new Map());
    this.parts = {
      clock: this.clock,
      leases: new Leases(this.table),
      waits: this.waits,
      health: this.health,
      shards: async () => [...this.targets.keys()],
      states: async (shard) => {
        this.looks.push({ at: this.clock.now(), shard });
        await this.clock.sleepUntil(this.clock.now() + this.latency);
        const states = this.targets.get(shard);
        if (states === undefined) throw new Error(`no group of ${shard}`);
        return states;
      },
      answer: async (token, answer) => {
        if (!this.answering(token)) return false;
        this.answers.push({ at: this.clock.now(), token, answer });
        return true;
      },
    };
  }

  wait(shard: string, more: Partial<Wait> = {}): Promise<void> {
    const by = this.clock.now() + 100;
    return this.waits.add({ slice: 'i-1:8080', shard, wanted: 'healthy', token: `t-${shard}`, by, ...more });
  }

  /** Runs as Lambda would: each minute one is started, which has 14 minutes. */
  async minutes(count: number, parts = this.parts): Promise<void> {
    for (let i = 0; i < count; i++) {
      void pollTargets(parts, `run-${i}`, this.clock.now() + 840);
      await this.clock.runUntil(this.clock.now() + 60);
    }
  }

  run(holder = 'me', until = this.clock.now() + 840) {
    return this.clock.settle(pollTargets(this.parts, holder, until));
  }

  /** Most looks in any second, and the longest time between two looks at one group from `from` on. */
  rates(from = START) {
    let most = 0;
    for (const { at } of this.looks)
      most = Math.max(most, this.looks.filter((one) => one.at >= at && one.at < at + 1 - 1e-6).length);
    let gap = 0;
    for (const shard of this.targets.keys()) {
      const times = [
        from,
        ...this.looks.filter((one) => one.shard === shard).map(({ at }) => at),
        this.clock.now(),
      ];
      times.forEach((at, i) => {
        gap = Math.max(gap, at - (times[i - 1] ?? at));
      });
    }
    return { most, gap };
  }
}

describe('a target that is seen unhealthy', () => {
  it('is looked at again a minute later, and not once its group has its turn again', async () => {
    const scene = new Scene(40);
    await scene.minutes(9);
    scene.targets.get('s7')!.set('i-1:8080', 'unhealthy');
    const from = scene.clock.now();
    await scene.minutes(12);
    const times = scene.looks.filter(({ at, shard }) => shard === 's7' && at >= from).map(({ at }) => at);
    expect(times[1]! - times[0]!).toBeLessThan(120);
    // It stays so: no more looks than the others have.
    expect(times[2]! - times[1]!).toBeGreaterThan(300);
    expect(scene.rates(from).gap).toBeLessThanOrEqual(600);
  });
});

describe('waits', () => {
  it('are answered as soon as the target is as wanted, and looked at every 5 s until then', async () => {
    const scene = new Scene(1);
    await scene.wait('s0');
    scene.targets.get('s0')!.set('i-1:8080', 'initial');
    scene.clock.schedule(START + 12, () => scene.targets.get('s0')!.set('i-1:8080', 'healthy'));
    const polled = await scene.run();
    expect(polled).toMatchObject({ outcome: 'done', answered: 1, failures: [] });
    expect(scene.answers).toMatchObject([{ token: 't-s0', answer: { state: 'healthy', late: false } }]);
    expect(scene.answers[0]!.at - START).toBeCloseTo(15, 0);
    expect(scene.looks).toHaveLength(4);
    expect(await scene.waits.all()).toEqual([]);
  });

  it('that have waited long enough are answered with what is seen', async () => {
    const scene = new Scene(1);
    await scene.wait('s0', { by: START + 8 });
    scene.targets.get('s0')!.set('i-1:8080', 'unhealthy');
    await scene.run();
    expect(scene.answers).toMatchObject([{ answer: { state: 'unhealthy', late: true } }]);
    expect(scene.answers[0]!.at).toBeLessThan(START + 14);
  });

  it('of a group that cannot be looked at are answered with unknown, in the end', async () => {
    const scene = new Scene(0);
    await scene.wait('gone', { by: START + 8 });
    const { failures } = await scene.run();
    expect(scene.answers).toMatchObject([{ answer: { state: 'unknown', late: true } }]);
    expect(failures[0]).toContain('no group of gone');
  });

  it('take what is not registered for unused', async () => {
    const scene = new Scene(1);
    await scene.wait('s0', { wanted: 'unused' });
    await scene.run();
    expect(scene.answers).toMatchObject([{ answer: { state: 'unused', late: false } }]);
  });

  it('whose token nobody knows any more are dropped', async () => {
    const scene = new Scene(1);
    await scene.wait('s0', { wanted: 'unused' });
    scene.answering = () => false;
    expect(await scene.run()).toMatchObject({ answered: 0, failures: [] });
    expect(await scene.waits.all()).toEqual([]);
  });

  it('whose answer fails are answered at the next look', async () => {
    const scene = new Scene(1);
    await scene.wait('s0', { wanted: 'unused' });
    let tries = 0;
    scene.answering = () => {
      if (tries++ === 0) throw new Error('throttled');
      return true;
    };
    expect(await scene.run()).toMatchObject({
      answered: 1,
      failures: [expect.stringContaining('throttled')],
    });
  });

  it('a new wait of the same slice is not dropped with the old one', async () => {
    const scene = new Scene(1);
    await scene.wait('s0', { wanted: 'unused', token: 'old' });
    scene.answering = (token) => {
      if (token === 'old') void scene.wait('s0', { wanted: 'unused', token: 'new' });
      return true;
    };
    await scene.run();
    expect(scene.answers.map(({ token }) => token)).toEqual(['old', 'new']);
  });

  it('that begin while the poller gives its lease back are seen', async () => {
    const scene = new Scene(1);
    const leases = {
      take: scene.parts.leases.take.bind(scene.parts.leases),
      release: async (name: 'poll-targets', holder: string) => {
        if (scene.answers.length === 0) await scene.wait('s0', { wanted: 'unused' });
        await scene.parts.leases.release(name, holder);
      },
    };
    await scene.clock.settle(pollTargets({ ...scene.parts, leases }, 'me', START + 840));
    expect(scene.answers).toHaveLength(1);
  });

  it('come before the sweep, and all of 200 groups get their turn within bounds', async () => {
    const scene = new Scene(200);
    for (let i = 0; i < 100; i++) await scene.wait(`s${i}`, { by: START + 1000 });
    await scene.minutes(2);
    const first = scene.looks.slice(0, 90).map(({ shard }) => Number(shard.slice(1)));
    expect(first.filter((i) => i < 100).length).toBeGreaterThanOrEqual(45);
    expect(scene.rates().most).toBeLessThanOrEqual(5);
  });
});

describe('the sweep', () => {
  it('sees each of 1,000 groups within 600 s, at 5 looks a second at most, from nothing and ever after', async () => {
    const scene = new Scene(1000);
    await scene.minutes(30);
    const { most, gap } = scene.rates();
    expect(most).toBeLessThanOrEqual(5);
    expect(gap).toBeLessThanOrEqual(600);
  });

  it('does so beside moves that wait all the time', async () => {
    const scene = new Scene(1000);
    for (let i = 0; i < 60; i++) await scene.wait(`s${i}`, { by: START + 1e6 });
    await scene.minutes(30);
    const { most, gap } = scene.rates();
    expect(most).toBeLessThanOrEqual(5);
    expect(gap).toBeLessThanOrEqual(600);
  });

  it('costs no more looks than the ten minutes ask for', async () => {
    const scene = new Scene(100);
    await scene.minutes(20);
    expect(scene.looks.length).toBeLessThanOrEqual(20 * Math.ceil(100 / 8));
  });

  it('keeps since when a target is as it is', async () => {
    const scene = new Scene(1);
    const states = scene.targets.get('s0')!;
    states.set('i-1:8080', 'healthy').set('i-2:8080', 'unhealthy');
    await scene.minutes(1);
    states.set('i-1:8080', 'unhealthy');
    await scene.minutes(1);
    const item = await scene.table.get('health', 's0');
    const at = item!.at as number;
    expect(item!.targets).toEqual({
      'i-1:8080': { state: 'unhealthy', since: at },
      'i-2:8080': { state: 'unhealthy', since: scene.looks[0]!.at },
    });
  });

  it('a look that fails leaves what was seen, with its time', async () => {
    const scene = new Scene(1);
    scene.targets.get('s0')!.set('i-1:8080', 'healthy');
    await scene.minutes(1);
    const before = await scene.table.get('health', 's0');
    const failing = { ...scene.parts, states: async () => Promise.reject(new Error('throttled')) };
    await scene.minutes(1, failing);
    const after = await scene.table.get('health', 's0');
    expect(after).toMatchObject({ at: before!.at, targets: before!.targets, error: 'Error: throttled' });
    expect(after!.triedAt).toBeGreaterThan(before!.at as number);
  });

  it('goes on past a group that always fails', async () => {
    const scene = new Scene(80);
    const parts = {
      ...scene.parts,
      states: async (shard: string) => {
        if (Number(shard.slice(1)) < 20) throw new Error('gone');
        return scene.parts.states(shard);
      },
    };
    await scene.minutes(12, parts);
    for (let i = 20; i < 80; i++) expect(scene.looks.some(({ shard }) => shard === `s${i}`)).toBe(true);
  });

  it('forgets shards that are gone', async () => {
    const scene = new Scene(2);
    await scene.minutes(1);
    scene.targets.delete('s1');
    await scene.minutes(1);
    expect((await scene.table.query('health')).map(({ sk }) => sk)).toEqual(['s0']);
  });
});

describe('one at a time', () => {
  it('the second one leaves at once, and nothing is looked at twice', async () => {
    const scene = new Scene(40);
    const both = Promise.all([
      pollTargets(scene.parts, 'a', START + 840),
      pollTargets(scene.parts, 'b', START + 840),
    ]);
    const outcomes = (await scene.clock.settle(both)).map(({ outcome }) => outcome);
    expect(outcomes.sort()).toEqual(['busy', 'done']);
    expect(scene.looks).toHaveLength(5);
  });

  it('after one that died the next minute but one goes on, and every wait is answered', async () => {
    const scene = new Scene(10);
    await scene.wait('s0', { by: START + 300 });
    let looks = 0;
    const dying: PollerParts = {
      ...scene.parts,
      // It never comes back from its third look.
      states: (shard) => (++looks === 3 ? new Promise(() => {}) : scene.parts.states(shard)),
    };
    void pollTargets(dying, 'dies', START + 840);
    await scene.clock.runUntil(START + 60);
    scene.targets.get('s0')!.set('i-1:8080', 'healthy');
    await scene.minutes(2);
    expect(scene.answers).toHaveLength(1);
    expect(scene.answers[0]!.at).toBeLessThan(START + 130);
  });

  it('one that was slow and lost its lease stops', async () => {
    const scene = new Scene(10);
    await scene.wait('s0', { by: START + 600 });
    scene.latency = 70;
    const slow = pollTargets(scene.parts, 'slow', START + 840);
    await scene.clock.runUntil(START + 62);
    scene.latency = 0;
    const other = pollTargets(scene.parts, 'other', START + 120);
    await scene.clock.runUntil(START + 130);
    expect(await slow).toMatchObject({ outcome: 'lost' });
    expect(await other).toMatchObject({ outcome: 'done' });
  });

  it('ends at its time, and gives the lease back', async () => {
    const scene = new Scene(1);
    await scene.wait('s0', { by: START + 600 });
    expect(await scene.run('me', START + 30)).toMatchObject({ outcome: 'done', answered: 0 });
    expect(scene.clock.now()).toBeLessThan(START + 31);
    expect(await scene.table.query('lease')).toEqual([]);
  });
});
