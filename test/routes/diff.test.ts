import { describe, expect, it } from 'vitest';
import { diffRoutes, isChange } from '../../core/routes/diff.ts';
import { targetGroupName } from '../../core/routes/names.ts';
import type { SeenRoutes } from '../../core/routes/seen.ts';
import { balancer, group, groupArn, known, NOTHING, rule, settingsOf } from './factories.ts';

const NAME = targetGroupName('shop', 'cart');
const OURS = group(NAME, { shard: 'cart' });
const RULE = rule({ priority: 46_000, route: { path: '/cart/*' }, targetGroup: OURS.arn, shard: 'cart' });
const ITEM = known('cart', { targetGroup: OURS.arn, rule: RULE.arn, listener: RULE.listener });
const SETTLED: SeenRoutes = { ...NOTHING, groups: [OURS], rules: [RULE], known: [ITEM] };
const CART = settingsOf([{ name: 'cart' }]);
const at = (seen: Partial<SeenRoutes>, settings = CART) =>
  diffRoutes(settings, [balancer()], { ...SETTLED, ...seen });
const wanted = (seen: Partial<SeenRoutes>, settings = CART) => at(seen, settings).wanted[0]!;

describe('what route-sync has to do', () => {
  it('makes group and rule of a new shard', () => {
    const one = wanted(NOTHING);
    expect(one.createGroup).toEqual({ name: NAME, health: OURS.health });
    expect(one.setDrain).toBe(60);
    expect(one.createRule?.route).toEqual({ path: '/cart/*' });
  });

  it('does nothing when all is right', () => {
    const diff = at({});
    expect(isChange(diff.wanted[0]!)).toBe(false);
    expect(diff).toMatchObject({ gone: [], refused: [], waiting: [] });
  });

  it('takes up what a killed run left: group without rule, both without an item', () => {
    expect(wanted({ rules: [], known: [] })).toMatchObject({ group: OURS, setDrain: 60, createRule: {} });
    const whole = wanted({ known: [] });
    expect(whole).toMatchObject({ group: OURS, rule: RULE });
    expect(whole.createRule).toBeUndefined();
  });

  it('changes the health check and the drain where the settings did', () => {
    const settings = settingsOf([{ name: 'cart', health: { path: '/up' } }], {
      leadTimes: { drain: { seconds: 20 } },
    });
    const one = wanted({}, settings);
    expect(one.health?.path).toBe('/up');
    expect(one.setDrain).toBe(20);
    expect(one.createRule).toBeUndefined();
  });

  it('makes the rule of another route before the old one goes', () => {
    const one = wanted({}, settingsOf([{ name: 'cart', route: { host: 'cart.example.com' } }]));
    expect(one.createRule?.route).toEqual({ host: 'cart.example.com' });
    expect(one.deleteRules).toEqual([RULE.arn]);
  });

  it('makes a rule for a group that was made anew, whatever the old rule led to', () => {
    const one = wanted({
      groups: [],
      rules: [rule({ route: { path: '/cart/*' }, shard: 'cart', priority: 5 })],
    });
    expect(one.createGroup?.name).toBe(NAME);
    expect(one.createRule).toBeDefined();
    expect(one.deleteRules).toHaveLength(1);
  });

  it('gives two new rules two priorities that nobody has', () => {
    const theirs = rule({ arn: 'theirs', priority: 48_261, route: { path: '/else' } });
    const settings = settingsOf([{ name: 'aa' }, { name: 'bb' }]);
    const diff = diffRoutes(settings, [balancer()], { ...NOTHING, rules: [theirs] });
    const priorities = diff.wanted.map(({ createRule }) => createRule!.priority);
    expect(new Set([...priorities, 48_261]).size).toBe(3);
  });

  it('leaves rules of others alone, and does not take what they serve', () => {
    const theirs = rule({
      arn: 'theirs',
      priority: 7,
      route: { path: '/cart/*' },
      targetGroup: groupArn('x'),
    });
    const diff = at({ ...NOTHING, rules: [theirs] });
    expect(diff.wanted).toEqual([]);
    expect(diff.refused[0]?.error).toMatch(
      /^route: expected one that no other rule has, got path \/cart\/\*, which rule theirs/,
    );
  });

  it('refuses a name that somebody else’s group has', () => {
    expect(at({ ...NOTHING, groups: [group(NAME)] }).refused[0]?.error).toMatch(/without our tags/);
  });

  describe('in shadow', () => {
    const shadow = new Set(['cart']);

    it('a listener of ours alone gets the rule', () => {
      const fixed = rule({ arn: 'default' });
      expect(wanted({ ...NOTHING, rules: [fixed], shadow }).createRule).toBeDefined();
    });

    it('beside rules of others, or a default that serves, nothing takes their requests', () => {
      const others = [
        rule({ arn: 'theirs', priority: 7, route: { path: '/*' }, targetGroup: groupArn('x') }),
        rule({ arn: 'default', targetGroup: groupArn('x') }),
      ];
      for (const one of others) {
        const diff = at({ ...NOTHING, rules: [one], shadow });
        expect(diff.wanted[0]?.createGroup).toBeDefined();
        expect(diff.wanted[0]?.createRule).toBeUndefined();
        expect(diff.waiting).toMatchObject([{ shard: 'cart', for: 'shadow' }]);
      }
    });
  });

  describe('a shard that left the settings', () => {
    const without = settingsOf([{ name: 'other' }]);
    const gone = (slices: number) => at({ slices: new Map([['cart', slices]]) }, without);

    it('gets no new requests at once, and keeps its group while slices drain', () => {
      const diff = gone(2);
      expect(diff.gone).toEqual([{ shard: 'cart', deleteRules: [RULE.arn], slices: 2, forget: false }]);
      expect(diff.waiting).toEqual([
        { shard: 'cart', for: 'slices', why: '2 slices of it have not drained' },
      ]);
    });

    it('loses its group and its item when none is left', () => {
      expect(gone(0).gone).toEqual([
        { shard: 'cart', deleteRules: [RULE.arn], deleteGroup: OURS.arn, slices: 0, forget: true },
      ]);
    });

    it('that was adopted is only forgotten', () => {
      const adopted = known('theirs', { own: false, targetGroup: groupArn('theirs') });
      const diff = at({ groups: [OURS, group('theirs')], known: [ITEM, adopted] });
      expect(diff.gone).toEqual([{ shard: 'theirs', deleteRules: [], slices: 0, forget: true }]);
    });
  });

  describe('an adopted target group', () => {
    const arn = groupArn('theirs');
    const settings = settingsOf([{ name: 'cart', targetGroup: arn }]);
    const seen = (more: Parameters<typeof group>[1]) =>
      diffRoutes(settings, [balancer()], { ...NOTHING, groups: [group('theirs', more)] });

    it('is used as it is', () => {
      const diff = seen({ health: { path: '/', interval: 30, timeout: 5, healthy: 5, unhealthy: 2 } });
      expect(diff.wanted).toMatchObject([{ shard: 'cart', own: false, group: { arn } }]);
      expect(isChange(diff.wanted[0]!)).toBe(false);
    });

    it('must exist, hold instances and speak HTTP', () => {
      expect(diffRoutes(settings, [balancer()], NOTHING).refused[0]?.error).toBe(
        `targetGroup: expected an existing target group, got ${arn}`,
      );
      expect(seen({ targetType: 'ip' }).refused[0]?.error).toMatch(
        /expected a target group of instances, got targets of type ip/,
      );
      expect(seen({ protocol: 'TCP' }).refused[0]?.error).toMatch(/HTTP or HTTPS, got TCP/);
    });

    it('waits until the group that the shard had before is empty; then that one goes', () => {
      const groups = [OURS, group('theirs')];
      const busy = at({ groups, slices: new Map([['cart', 1]]) }, settings);
      expect(busy).toMatchObject({ wanted: [], gone: [], waiting: [{ shard: 'cart', for: 'slices' }] });
      const free = at({ groups }, settings);
      expect(free.wanted).toMatchObject([{ own: false }]);
      expect(free.gone).toEqual([
        { shard: 'cart', deleteRules: [RULE.arn], deleteGroup: OURS.arn, slices: 0, forget: false },
      ]);
    });
  });
});
