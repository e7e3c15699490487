import { describe, expect, it } from 'vitest';
import { Modes } from '../../adapters/aws/modes.ts';
import { parseWords, switchModes } from '../../cli/mode.ts';
import { T0 } from '../world/fixtures.ts';
import { FakeDeployed, YAML } from './deployed-fake.ts';

const active = (shard: string) => ({ kind: 'active', since: T0, shard }) as const;

describe('foreshard mode', () => {
  it('switches what is named, says what it was, and publishes it', async () => {
    const deployed = new FakeDeployed();
    const text = await switchModes(deployed, { shards: ['cart', 'web'], mode: 'active' });
    expect(text).toBe(
      [
        'shard  before     after',
        '─────  ──────  ─  ──────  ─────────',
        'cart   shadow  →  active',
        'web    active  →  active  as it was',
        '1 switched; in effect from the next plan, within a minute.',
        '',
      ].join('\n'),
    );
    expect(await new Modes(deployed.table).read()).toEqual({ modes: { cart: 'active' }, holdAt: {} });
    const detail = { shard: 'cart', from: 'shadow', to: 'active', by: 'ann' };
    expect(deployed.published).toEqual([{ type: 'ModeSwitched', at: T0, detail }]);
    // Its rule may have waited for this.
    expect(deployed.synced).toBe(1);
  });

  it('switches although route-sync does not start, and says so', async () => {
    const deployed = new FakeDeployed();
    deployed.syncRoutes = async () => {
      throw new Error('no such function');
    };
    const text = await switchModes(deployed, { shards: ['cart'], mode: 'active' });
    expect(text).toContain('route-sync did not start (Error: no such function): the plan starts it.');
    expect(deployed.published).toHaveLength(1);
  });

  it('remembers at hold what each shard has, by the weight of its instances', async () => {
    const weights = '{ max: 20, instanceTypes: [{ type: m7i.large }, { type: m7i.xlarge, weight: 2 }] }';
    const deployed = new FakeDeployed(YAML.replace('{ max: 20 }', weights));
    await deployed.add('i-1', 'InService', [active('web')]);
    await deployed.add('i-2', 'InService', [active('web')], { type: 'm7i.xlarge' });
    await deployed.add('i-3', 'InService', [active('cart')]);
    const text = await switchModes(deployed, { shards: undefined, mode: 'hold' });
    expect(text).toContain('web    active  →  hold   keeps 3 instances');
    expect(text).toContain('cart   shadow  →  hold   keeps 1 instance\n');
    expect(await new Modes(deployed.table).read()).toMatchObject({ holdAt: { web: 3, cart: 1 } });
    // Held already: what it keeps stays, however many it has now.
    await deployed.add('i-4', 'InService', [active('web')]);
    expect(await switchModes(deployed, { shards: undefined, mode: 'hold' })).toContain('Nothing to switch.');
    expect(await new Modes(deployed.table).read()).toMatchObject({ holdAt: { web: 3 } });
  });

  it('says what is done when that cannot be published', async () => {
    const deployed = new FakeDeployed();
    deployed.events.publish = async () => {
      throw new Error('bus gone');
    };
    await expect(switchModes(deployed, { shards: undefined, mode: 'hold' })).rejects.toThrow(
      '2 switched to hold, but not all of it was published: bus gone',
    );
    expect((await new Modes(deployed.table).read()).modes).toEqual({ web: 'hold', cart: 'hold' });
  });

  it('switches nothing when one name is unknown', async () => {
    const deployed = new FakeDeployed();
    await expect(switchModes(deployed, { shards: ['cart', 'wep'], mode: 'active' })).rejects.toThrow(
      'shard "wep" is not in the settings: the nearest is "web"',
    );
    expect(await new Modes(deployed.table).read()).toEqual({ modes: {}, holdAt: {} });
    expect(deployed.published).toEqual([]);
  });

  it('reads its words: shards, then a mode', () => {
    expect(parseWords(['web', 'cart', 'web', 'hold'], false)).toEqual({
      shards: ['web', 'cart'],
      mode: 'hold',
    });
    expect(parseWords(['hold'], true)).toEqual({ shards: undefined, mode: 'hold' });
    expect(() => parseWords(['web', 'on'], false)).toThrow(
      'expected shadow, active or hold as the last word, got "on"',
    );
    expect(() => parseWords(['hold'], false)).toThrow('expected a shard before the mode, or --all');
    expect(() => parseWords(['web', 'hold'], true)).toThrow('expected no shard with --all, got web');
  });
});
