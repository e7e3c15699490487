import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SliceMemory } from '../../../agent/memory.ts';
import { type Slices, Slices as SlicesOf } from '../../../agent/slices.ts';
import { parseSettings } from '../../../core/settings/parse.ts';
import { SETTINGS, type Stage, stage } from './stage.ts';

let world: Stage;
let slices: Slices;

const settings = parseSettings(SETTINGS, 's');
let text = SETTINGS;

beforeEach(async () => {
  text = SETTINGS;
  world = await stage();
  slices = make();
});
afterEach(() => world.stop());

const make = () =>
  new SlicesOf({
    instance: 'i-1',
    ports: [8080, 8081],
    settings: {
      get: async () => parseSettings(text, 's'),
      shard: async (name) => settings.shards.find((shard) => shard.name === name)!,
    },
    app: world.app,
    memory: new SliceMemory(world.folder),
    serving: world.serving,
    log: world.said.log,
  });
const active = () =>
  slices.list().map(({ active }) => active && [active.shard.name, active.port, active.appPort]);

describe('slices of an instance', () => {
  it('have a gateway where the shard has state: the application listens elsewhere then', async () => {
    await slices.activate('i-1:8080', 'cart');
    await slices.activate('i-1:8081', 'plain');
    expect(active()).toEqual([
      ['cart', 8080, 18_080],
      ['plain', 8081, 8081],
    ]);
    expect(world.calls).toEqual(['activate cart', 'open i-1:8080 cart', 'activate plain']);
  });

  it('are activated twice without harm', async () => {
    await Promise.all([slices.activate('i-1:8080', 'cart'), slices.activate('i-1:8080', 'cart')]);
    expect(world.calls).toEqual(['activate cart', 'open i-1:8080 cart', 'activate cart']);
  });

  it('leave their shard before they enter another', async () => {
    await slices.activate('i-1:8080', 'cart');
    await slices.activate('i-1:8080', 'plain');
    expect(world.calls.slice(2)).toEqual(['close i-1:8080', 'deactivate cart', 'activate plain']);
  });

  it('are not taken from the shard that they serve by a hand-over, nor from their state by a move', async () => {
    await slices.activate('i-1:8080', 'plain');
    await expect(slices.activate('i-1:8080', 'cart', 'hand-over')).rejects.toThrow('serves plain: expected');
    await slices.activate('i-1:8081', 'cart', 'hand-over');
    world.serving.held.add('i-1:8081');
    await expect(slices.activate('i-1:8081', 'plain')).rejects.toThrow('has state of cart: expected none');
    expect(active().map((one) => one?.[0])).toEqual(['plain', 'cart']);
    // What was activated for a hand-over that came to nothing is free for another one, until a move comes.
    world.serving.held.clear();
    await slices.activate('i-1:8081', 'quick', 'hand-over');
    await slices.activate('i-1:8081', 'quick');
    await expect(slices.activate('i-1:8081', 'cart', 'hand-over')).rejects.toThrow('serves quick');
  });

  it('are not taken from a shard by a late order to leave another', async () => {
    await slices.activate('i-1:8080', 'cart');
    await slices.deactivate('i-1:8080', 'plain');
    expect(active()[0]).toBeDefined();
    expect(world.said.events()).toContain('deactivation-refused');
    await slices.deactivate('i-1:8080', 'cart');
    expect(active()[0]).toBeUndefined();
    expect(world.calls.slice(2)).toEqual(['close i-1:8080', 'deactivate cart']);
  });

  it('run the hook for a shard that only the application knows of', async () => {
    await slices.deactivate('i-1:8080', 'plain');
    await slices.deactivate('i-1:8080');
    expect(world.calls).toEqual(['deactivate plain']);
  });

  it('are not active when the hook fails, and still active when the one to leave does', async () => {
    world.app(8080, { name: 'cart' }).fails = 'activate';
    await expect(slices.activate('i-1:8080', 'cart')).rejects.toThrow('activate cart: no');
    expect(active()[0]).toBeUndefined();
    world.app(8080, { name: 'cart' }).fails = 'deactivate';
    await slices.activate('i-1:8080', 'cart');
    await expect(slices.deactivate('i-1:8080', 'cart')).rejects.toThrow('deactivate cart: no');
    expect(active()[0]).toBeDefined();
    // It does not serve its slots meanwhile, and a repeat ends it.
    world.app(8080, { name: 'cart' }).fails = undefined;
    await slices.deactivate('i-1:8080', 'cart');
    expect(active()[0]).toBeUndefined();
  });

  it('are remembered by what comes after', async () => {
    await slices.activate('i-1:8080', 'cart');
    await slices.activate('i-1:8081', 'plain');
    await slices.deactivate('i-1:8081', 'plain');
    slices = make();
    await slices.recall();
    expect(active()).toEqual([['cart', 8080, 18_080], undefined]);
    await slices.deactivate('i-1:8080', 'cart');
    slices = make();
    await slices.recall();
    expect(active()).toEqual([undefined, undefined]);
  });

  describe('whose settings change', () => {
    const FOUR = 'handOver: { state: copy, lease: 60, slots: { count: 4, by: { header: x-cart } } }';
    const change = (handOver: string) => {
      text = SETTINGS.replace('handOver: { state: copy, lease: 30 }', handOver);
    };
    const known = () => slices.list()[0]?.active?.shard.handOver;

    it('follow with another lease, without being opened anew', async () => {
      await slices.activate('i-1:8080', 'cart');
      change('handOver: { state: copy, lease: 12 }');
      await Promise.all([slices.follow(), slices.follow()]);
      expect(known()).toMatchObject({ lease: 12 });
      expect(world.calls).toEqual(['activate cart', 'open i-1:8080 cart']);
    });

    it('follow with other slots at once where they hold none', async () => {
      await slices.activate('i-1:8080', 'cart');
      change(FOUR);
      await slices.follow();
      await slices.follow();
      expect(known()).toMatchObject({ lease: 60, slots: { count: 4 } });
      const reopened = ['close i-1:8080', 'open i-1:8080 cart'];
      expect(world.calls).toEqual(['activate cart', 'open i-1:8080 cart', ...reopened]);
    });

    it('follow with the lease alone as long as they hold slots, and say so once', async () => {
      await slices.activate('i-1:8080', 'cart');
      world.serving.held.add('i-1:8080');
      change(FOUR);
      await slices.follow();
      await slices.follow();
      expect(known()).toMatchObject({ lease: 60, slots: { count: 1 } });
      expect(world.said.events().filter((event) => event === 'settings-wait')).toHaveLength(1);
      world.serving.held.clear();
      await slices.follow();
      expect(known()).toMatchObject({ slots: { count: 4 } });
    });

    it('keep their gateway, or their lack of one, until they are activated again', async () => {
      await slices.activate('i-1:8080', 'cart');
      change('handOver: { state: none }');
      await slices.follow();
      expect(known()).toMatchObject({ state: 'copy', lease: 30 });
      expect(world.said.events()).toContain('settings-wait');
    });
  });

  it('are remembered with which run their application was, and as an older agent wrote them', async () => {
    await slices.activate('i-1:8080', 'cart');
    await slices.saw('i-1:8080', 'run 7');
    slices = make();
    await slices.recall();
    expect(slices.list()[0]?.active).toMatchObject({ slice: 'i-1:8080', generation: 'run 7' });
    writeFileSync(join(world.folder, 'slices.json'), '{"8081":"plain"}');
    slices = make();
    await slices.recall();
    expect(active()).toEqual([undefined, ['plain', 8081, 8081]]);
  });

  it.each([
    ['i-2:8080', 'slice: expected one of i-1, got i-2:8080'],
    ['i-1:9090', 'port: expected one of 8080, 8081, got 9090'],
    ['8080', 'slice id must be <instance id>:<port>, not "8080"'],
  ])('are those of this instance: %s is refused', (slice, message) => {
    expect(() => slices.activate(slice, 'cart')).toThrow(message);
  });
});
