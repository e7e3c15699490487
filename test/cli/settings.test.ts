import { describe, expect, it } from 'vitest';
import { TableSlotMaps } from '../../adapters/aws/hand-over/slot-maps.ts';
import { PK } from '../../adapters/aws/table.ts';
import { changed, printed } from '../../cli/settings.ts';
import { changeLines, changesOf } from '../../cli/settings-changes.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { FakeDeployed, YAML } from './deployed-fake.ts';

const LARGER = YAML.replace('guarantee: 2', 'guarantee: 3');

describe('foreshard settings', () => {
  it('prints them as they were written', async () => {
    expect(await printed(new FakeDeployed())).toBe(YAML);
    expect(await printed(new FakeDeployed(YAML.trimEnd()))).toBe(YAML);
  });

  it('writes what is new, says what changes, and starts route-sync', async () => {
    const deployed = new FakeDeployed();
    expect(await changed(deployed, LARGER, 'new.yaml', true)).toBe(
      '~ shard web: guarantee 2 → 3\nWritten. Target groups and rules follow now, the plan within a minute.\n',
    );
    expect(deployed.object.text).toBe(LARGER);
    expect(deployed.synced).toBe(1);
  });

  it('says what is done when route-sync does not start', async () => {
    const deployed = new FakeDeployed();
    deployed.syncRoutes = async () => {
      throw new Error('no such function');
    };
    await expect(changed(deployed, LARGER, 'new.yaml', true)).rejects.toThrow(
      'new.yaml is written, but route-sync did not start: no such function',
    );
    expect(deployed.object.text).toBe(LARGER);
  });

  it('only looks with --check', async () => {
    const deployed = new FakeDeployed();
    expect(await changed(deployed, LARGER, 'new.yaml', false)).toBe(
      '~ shard web: guarantee 2 → 3\nChecked; nothing was written.\n',
    );
    expect(deployed.object.text).toBe(YAML);
    expect(deployed.synced).toBe(0);
  });

  it('leaves alone what is the same, and keeps what is only written otherwise', async () => {
    const deployed = new FakeDeployed();
    expect(await changed(deployed, YAML, 'new.yaml', true)).toBe('Nothing changes.\n');
    expect(deployed.synced).toBe(0);
    const commented = `# ours\n${YAML}`;
    expect(await changed(deployed, commented, 'new.yaml', true)).toContain(
      'Nothing changes but how it is written.',
    );
    expect(deployed.object.text).toBe(commented);
  });

  it('refuses wrong settings and those of another service', async () => {
    const deployed = new FakeDeployed();
    await expect(changed(deployed, YAML.replace('max: 20', 'max: 0'), 'new.yaml', true)).rejects.toThrow(
      'new.yaml:5: fleet.max: expected',
    );
    await expect(changed(deployed, YAML.replace('shop', 'shops'), 'new.yaml', true)).rejects.toThrow(
      'new.yaml: service: expected "shop", the deployed one, got "shops"',
    );
    expect(deployed.object.text).toBe(YAML);
  });

  it('does not write over what somebody else wrote meanwhile', async () => {
    const deployed = new FakeDeployed();
    const other = YAML.replace('max: 20', 'max: 30');
    const { write } = deployed.settings;
    deployed.settings.write = async (...args) => {
      deployed.object.put(other);
      return write.apply(deployed.settings, args);
    };
    await expect(changed(deployed, LARGER, 'new.yaml', true)).rejects.toThrow('changed since it was read');
    expect(deployed.object.text).toBe(other);
    expect(deployed.synced).toBe(0);
  });

  it('writes the first ones', async () => {
    const deployed = new FakeDeployed();
    deployed.object.text = undefined;
    expect(await changed(deployed, YAML, 'new.yaml', true)).toContain('+ all of it\nWritten.');
    expect(deployed.object.text).toBe(YAML);
  });
});

describe('the slots of a shard with state', () => {
  const STATEFUL = YAML.replace(
    'unit: orders/s }',
    'unit: orders/s }, handOver: { state: copy, slots: { count: 4, by: { header: cart } } }',
  );
  const EIGHT = STATEFUL.replace('count: 4', 'count: 8');
  async function holding(yaml = STATEFUL) {
    const deployed = new FakeDeployed(yaml);
    await deployed.add('i-1', 'InService', [{ kind: 'active', since: 0, shard: 'cart' }]);
    const maps = new TableSlotMaps(deployed.table);
    for (const slot of [1, 2]) await maps.pass('cart', { slot, epoch: 0 }, 'i-1:8080');
    return { deployed, maps };
  }

  it.each([
    ['count', EIGHT, 'expected 4, by', 'got 8;'],
    [
      'by',
      STATEFUL.replace('header: cart', 'cookie: cart'),
      'expected {"header":"cart"}, by',
      'got {"cookie":"cart"};',
    ],
    [
      'count',
      STATEFUL.replace('state: copy', 'state: none').replace('count: 4', 'count: 2'),
      'expected 4, by',
      'got 2;',
    ],
  ])('are not changed while they are held: %s', async (field, text, expected, got) => {
    const { deployed } = await holding();
    for (const write of [true, false]) {
      const error = await changed(deployed, text, 'new.yaml', write).catch(({ message }: Error) => message);
      expect(error).toContain(`new.yaml: shard cart: handOver.slots.${field}: ${expected}`);
      expect(error).toContain('(slot 1 is held by i-1:8080, 1 more are held)');
      expect(error).toContain(got);
      expect(error).toContain('declare a new shard');
    }
    expect(deployed.object.text).toBe(STATEFUL);
    expect(deployed.synced).toBe(0);
  });

  it('may be changed while nobody holds one, and who holds them is gone with its instance', async () => {
    expect(await changed(new FakeDeployed(STATEFUL), EIGHT, 'new.yaml', true)).toContain('count 4 → 8');
    const { deployed } = await holding();
    await deployed.table.delete(PK.slice, 'i-1:8080');
    expect(await changed(deployed, EIGHT, 'new.yaml', true)).toContain('count 4 → 8');
  });

  it('may be named otherwise where there is one, and everything else may change', async () => {
    const one = STATEFUL.replace('count: 4', 'count: 1');
    const { deployed } = await holding(one);
    expect(await changed(deployed, one.replace('header: cart', 'path: 1'), 'new.yaml', true)).toContain(
      'Written.',
    );
    const { deployed: other } = await holding();
    expect(await changed(other, STATEFUL.replace('max: 20', 'max: 30'), 'new.yaml', true)).toContain(
      'Written.',
    );
  });
});

describe('changes between settings', () => {
  const lines = (from: string, to: string) =>
    changeLines(changesOf(parseSettings(from, 'a'), parseSettings(to, 'b')));

  it('are told shard by shard, whatever their order, then the rest', () => {
    const to = `service: shop
shards:
  - { name: cart, capacity: { perInstance: 60, unit: orders/s }, route: { path: /c/* } }
  - { name: search, capacity: { perInstance: 10 } }
fleet: { max: 30, zones: [a, b] }
`;
    expect(lines(YAML, to)).toEqual([
      '~ shard cart: capacity.perInstance 50 → 60',
      '~ shard cart: route not set → {"path":"/c/*"}',
      '+ shard search',
      '- shard web',
      '~ fleet: max 20 → 30',
      '~ fleet: zones ["a","b","c"] → ["a","b"]',
    ]);
  });

  it('are none where only the order differs', () => {
    const [head, web, cart, fleet] = [...YAML.trimEnd().split('\n').slice(1)];
    expect(lines(YAML, [fleet, head, cart, web, 'service: shop', ''].join('\n'))).toEqual([]);
  });
});
