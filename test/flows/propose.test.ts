import { describe, expect, it } from 'vitest';
import { Modes } from '../../adapters/aws/modes.ts';
import { ProposalItems } from '../../adapters/aws/proposal-items.ts';
import type { KeyCounts } from '../../core/forecast/emerging/counts.ts';
import { waitingRoute } from '../../core/forecast/emerging/settings-text.ts';
import { HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { propose } from '../../flows/propose.ts';
import { accept, decline } from '../../flows/propose-accept.ts';
import type { ProposeParts } from '../../flows/propose-parts.ts';
import { FakeDeployed } from '../cli/deployed-fake.ts';
import { T0 } from '../world/fixtures.ts';

const YAML = `service: shop
shards:
  - { name: cart, capacity: { perInstance: 50 }, mode: active, priority: 300 }
  - { name: web, capacity: { perInstance: 50 }, mode: active }
fleet: { max: 20 }
metrics: { source: reporter }
`;

/** Requests per second of each key of `cart`, by hours since T0. */
type Load = (hour: number) => Readonly<Record<string, number>>;
const GROWING: Load = (hour) => ({ '/cart/gift': 4 * 1.5 ** (hour / 24), '/cart/\u001b[2J': 90 });

class Stage {
  readonly deployed: FakeDeployed;
  readonly proposals: ProposalItems;
  readonly parts: ProposeParts;
  states: ReadonlyMap<string, Uint8Array> | undefined;
  plan: Awaited<ReturnType<ProposeParts['latestPlan']>>;
  failing: Partial<Record<'publish' | 'keep', boolean>> = {};
  asked: (readonly [Seconds, Seconds])[] = [];

  constructor(load: Load, yaml = YAML) {
    this.deployed = new FakeDeployed(yaml);
    const { deployed } = this;
    this.proposals = new ProposalItems(deployed.table);
    this.parts = {
      clock: deployed.clock,
      settings: deployed.settings,
      modes: new Modes(deployed.table),
      proposals: this.proposals,
      syncRoutes: () => deployed.syncRoutes(),
      latestPlan: async () => this.plan,
      events: {
        publish: async (events) => {
          if (this.failing.publish) throw new Error('no bus');
          await deployed.events.publish(events);
        },
      },
      trackers: {
        read: async () => this.states,
        write: async (states) => {
          if (this.failing.keep) throw new Error('no bucket');
          this.states = states;
        },
      },
      counts: {
        read: async (from, to) => {
          this.asked.push([from, to]);
          const spans: KeyCounts[] = [];
          for (let at = from; at < to; at += 300) {
            const counts = Object.entries(load((at - T0) / HOUR)).map(
              ([key, one]) => [key, one * 300] as const,
            );
            spans.push({ from: at, to: at + 300, total: 100 * 300, counts });
          }
          return new Map([['cart', spans]]);
        },
      },
    };
  }

  /** One run an hour, a minute after it, for so many hours. */
  async run(hours: number) {
    let last = await this.once(HOUR);
    for (let i = 1; i < hours; i++) last = await this.once(HOUR);
    return last;
  }

  async once(later: Seconds) {
    const { clock } = this.deployed;
    await clock.runUntil(Math.floor(clock.now() / later) * later + later + MINUTE);
    return propose(this.parts);
  }

  /** Until it is proposed. */
  async proposed(most = 200) {
    for (let i = 0; i < most; i++) if ((await this.run(1)).proposed.length > 0) return;
    throw new RangeError(`nothing was proposed in ${most} hours`);
  }

  serving(have: number): void {
    this.plan = { at: this.deployed.clock.now() + HOUR, shards: [{ shard: 'cart-gift', have }] };
  }

  async settings() {
    return (await this.deployed.settings.read()).settings;
  }
}

describe('new shards', () => {
  it('are proposed once, with what is expected of them, and shown as long as their key is there', async () => {
    const stage = new Stage(GROWING);
    await stage.proposed();
    await stage.run(5);
    const [event, ...more] = stage.deployed.published;
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      type: 'ShardProposed',
      detail: { shard: 'cart-gift', of: 'cart', key: '/cart/gift', route: 'path /cart/gift/*' },
    });
    const [one, ...others] = await stage.proposals.list();
    expect(others).toEqual([]);
    expect(one).toMatchObject({ name: 'cart-gift', state: 'open', of: 'cart' });
    expect(one!.load).toBeGreaterThan(event!.detail.load as number);
    expect((await stage.settings()).shards).toHaveLength(2);
  });

  it('are proposed again to be told where telling failed, and known again where keeping failed', async () => {
    const stage = new Stage(GROWING);
    stage.failing = { publish: true };
    const say = async () => (await stage.run(1)).failures.map(({ what }) => what);
    for (let i = 0; i < 200 && !(await say()).includes('publish cart-gift'); i++);
    expect(await say()).toEqual(['publish cart-gift']);
    stage.failing = { keep: true };
    expect(await stage.once(5 * MINUTE)).toMatchObject({
      outcome: 'failed',
      proposed: ['cart-gift'],
      failures: [{ what: 'keep the trackers', error: 'Error: no bucket' }],
    });
    stage.failing = {};
    const before = stage.asked.at(-1)!;
    expect(await stage.once(5 * MINUTE)).toMatchObject({ outcome: 'done', proposed: [] });
    expect(stage.asked.at(-1)![0]).toBe(before[0]);
  });

  it('that were accepted get instances first, and requests once these are enough', async () => {
    const stage = new Stage(GROWING);
    await stage.proposed();
    await accept(stage.parts, 'cart-gift', { by: 'ann' });
    const [, , shard] = (await stage.settings()).shards;
    expect(shard).toMatchObject({
      name: 'cart-gift',
      mode: 'active',
      priority: 300,
      route: waitingRoute('cart-gift'),
    });
    expect((await stage.settings()).calendar).toMatchObject([{ shards: ['cart-gift'] }]);
    expect(stage.deployed.synced).toBe(1);

    const [{ expected } = { expected: { q50: 0 } }] = await stage.proposals.list();
    const routeNow = async () => (await stage.settings()).shards[2]!.route;
    for (const have of [0, expected.q50 * 0.9]) {
      stage.serving(have);
      expect((await stage.run(1)).routed).toEqual([]);
      expect(await routeNow()).toEqual(waitingRoute('cart-gift'));
    }
    stage.plan = { at: stage.deployed.clock.now() - HOUR, shards: [{ shard: 'cart-gift', have: 1e9 }] };
    expect((await stage.run(1)).routed).toEqual([]);
    stage.serving(expected.q50);
    expect((await stage.run(1)).routed).toEqual(['cart-gift']);
    expect(await routeNow()).toEqual({ path: '/cart/gift/*' });
    expect(await stage.proposals.list()).toMatchObject([{ state: 'routed', by: 'ann' }]);
    expect(stage.deployed.synced).toBe(2);
    expect(stage.deployed.published).toHaveLength(1);
    stage.plan = undefined;
    await stage.run(8 * 24);
    expect(await stage.proposals.list()).toEqual([]);
  });

  it('are accepted at once where the settings say so', async () => {
    const stage = new Stage(GROWING, `${YAML}proposals: { accept: auto }\n`);
    await stage.proposed();
    expect(await stage.proposals.list()).toMatchObject([
      { name: 'cart-gift', state: 'accepted', by: 'the setting proposals.accept' },
    ]);
    expect((await stage.settings()).shards).toHaveLength(3);
  });

  it('that were declined are not proposed again before their key has gone', async () => {
    let gone = Number.POSITIVE_INFINITY;
    const stage = new Stage((hour) => (hour < gone ? GROWING(hour) : { '/cart/other': 1 }));
    await stage.proposed();
    await decline(stage.parts, 'cart-gift', 'ann');
    await stage.run(10);
    expect(await stage.proposals.list()).toMatchObject([{ state: 'declined', by: 'ann' }]);
    await expect(decline(stage.parts, 'cart-gift', 'ann')).rejects.toThrow(
      'expected one that is open, got declined',
    );
    gone = (stage.deployed.clock.now() - T0) / HOUR;
    await stage.run(72);
    expect(await stage.proposals.list()).toEqual([]);
    expect(stage.deployed.published).toHaveLength(1);
  });

  it('whose shard was taken out of the settings again are forgotten', async () => {
    const stage = new Stage(GROWING);
    await stage.proposed();
    await accept(stage.parts, 'cart-gift', { by: 'ann' });
    stage.deployed.object.put(YAML);
    await stage.run(1);
    expect((await stage.proposals.list()).filter(({ state }) => state === 'accepted')).toEqual([]);
  });

  it('are nobody’s concern where the load comes from CloudWatch', async () => {
    const stage = new Stage(GROWING, YAML.replace('reporter', 'cloudwatch'));
    expect(await stage.run(1)).toMatchObject({ outcome: 'off' });
    expect(stage.asked).toEqual([]);
  });

  it('begin anew where what was known cannot be read, and say so', async () => {
    const stage = new Stage(GROWING);
    await stage.run(2);
    stage.states = new Map([['cart', new Uint8Array(20)]]);
    expect((await stage.run(1)).failures).toMatchObject([{ what: 'keys of cart: begun anew' }]);
    expect((await stage.run(1)).failures).toEqual([]);
  });
});

describe('a proposal is refused', () => {
  const open = async (yaml = YAML) => {
    const stage = new Stage(GROWING, yaml);
    await stage.proposed();
    return stage;
  };
  const by = { by: 'ann' };

  it('where its shard is in hold', async () => {
    const stage = await open();
    await new Modes(stage.deployed.table).switch('cart', 'hold', T0, 'ann', 1);
    await expect(accept(stage.parts, 'cart-gift', by)).rejects.toThrow('shard cart is in hold');
  });

  it('where its shard has state, or its rule would take requests of others', async () => {
    const stateful = await open(
      YAML.replace('mode: active, priority', 'handOver: { state: copy }, mode: active, priority'),
    );
    await expect(accept(stateful.parts, 'cart-gift', by)).rejects.toThrow('its shard has state');
    const host = await open(YAML.replace('name: cart,', 'name: cart, route: { host: a.example.com },'));
    await expect(accept(host.parts, 'cart-gift', by)).rejects.toThrow('shard cart has host a.example.com');
    expect(host.deployed.published[0]!.detail.blocked).toContain('shard cart has host');
  });

  it('where the settings would be wrong with it: nothing is written', async () => {
    const stage = await open();
    const full = YAML.replace('priority: 300', 'guarantee: 19');
    stage.deployed.object.put(full);
    await expect(accept(stage.parts, 'cart-gift', by)).rejects.toThrow(
      'fleet.max: expected at least the sum',
    );
    expect(stage.deployed.object.text).toBe(full);
    expect(await stage.proposals.list()).toMatchObject([{ state: 'open' }]);
  });

  it('where somebody else wrote the settings meanwhile', async () => {
    const stage = await open();
    const { write } = stage.deployed.settings;
    stage.deployed.settings.write = async (...args) => {
      stage.deployed.object.put(`# other\n${YAML}`);
      return write.apply(stage.deployed.settings, args);
    };
    await expect(accept(stage.parts, 'cart-gift', by)).rejects.toThrow('changed since it was read');
  });

  it('where nothing is called so, or it was accepted before', async () => {
    const stage = await open();
    await expect(accept(stage.parts, 'gift', by)).rejects.toThrow('proposal gift: expected one of cart-gift');
    await accept(stage.parts, 'cart-gift', by);
    await expect(accept(stage.parts, 'cart-gift', by)).rejects.toThrow('got accepted');
  });

  it('not where only its record failed: accepting it again goes on', async () => {
    const stage = await open();
    const put = stage.proposals.put.bind(stage.proposals);
    stage.proposals.put = async () => {
      throw new Error('no table');
    };
    await expect(accept(stage.parts, 'cart-gift', by)).rejects.toThrow('no table');
    stage.proposals.put = put;
    await accept(stage.parts, 'cart-gift', by);
    expect((await stage.settings()).shards).toHaveLength(3);
    expect(await stage.proposals.list()).toMatchObject([{ state: 'accepted' }]);
  });
});
