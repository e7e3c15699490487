import { expect, it } from 'vitest';
import { luck } from '../../backtest/world/random.ts';
import { preCopy } from '../../flows/pre-copy.ts';
import { reconcile } from '../../flows/reconcile.ts';
import { keepSlots } from '../../flows/slots.ts';
import { SLOTS } from './scripted-agents.ts';
import { stateful } from './stateful.ts';
import type { Step } from './steps.ts';

/**
 * One interruption, told by the agent, by EventBridge and by a rebalance recommendation, each at any time, twice or not
 * at all, with ticks in between, steps that fail, and agents that die: whatever comes of it is clear.
 */

const STEPS: readonly Step[] = [
  'note-interruption',
  'open-hand-over',
  'await-hand-over',
  'redirect-traffic',
  'evacuate-slice',
];
const instanceOf = (slice = '') => slice.slice(0, slice.indexOf(':'));

async function play(seed: number) {
  const dice = luck(seed, 'order');
  const chance = (p: number) => dice.uniform() < p;
  const upTo = (n: number) => Math.floor(dice.uniform() * n);
  const stage = await stateful(1 + upTo(2), 1 + upTo(2));
  const { world, local, agents, serving, ready } = stage;
  const { ports } = local;
  const [source = ''] = serving;
  const at = world.clock.now();
  const input = { instance: instanceOf(source), at, deadline: at + 115 };
  if (chance(0.8)) await stage.reserve(ready[0]!);
  agents.copy = 1 + upTo(40);
  if (chance(0.15)) agents.fails = () => 'connection reset';
  if (chance(0.1)) agents.diesAtSwitch = true;
  const step = STEPS[upTo(STEPS.length)];
  const [how, nth] = [chance(0.5) ? 'before' : 'after', upTo(2)] as const;
  if (chance(0.5)) local.fault = (name, n) => (name === step && n === nth ? how : undefined);

  const context = { ports, settings: world.settings, switched: {} };
  const work: Promise<unknown>[] = [];
  const later = (seconds: number, what: () => Promise<unknown>) =>
    work.push(world.clock.sleepUntil(at + seconds).then(what));
  if (chance(0.4)) later(upTo(60), () => preCopy(context, input.instance));
  if (chance(0.4)) later(upTo(30), () => agents.opens(source, ready[0]!).catch(() => undefined));
  if (chance(0.1)) later(upTo(60), async () => void agents.dead.add(instanceOf(ready[0])));
  later(upTo(40), () => local.run('hand-over', input));
  if (chance(0.4)) later(upTo(80), () => local.run('hand-over', input));
  for (const tick of [20, 80]) {
    later(tick, () => reconcile(ports, world.settings));
    later(tick + 1, () => keepSlots(ports, world.settings, {}));
  }
  const { found } = await local.watch(Promise.all(work), input.deadline);
  world.fail(input.instance);
  // The lease of the source ends, and what nobody holds any more is found.
  for (let i = 0; i < 4; i++) {
    await local.watch(reconcile(ports, world.settings), world.clock.now() + 30);
    await local.watch(keepSlots(ports, world.settings, {}), world.clock.now() + 30);
  }
  // Slots are being evened out.
  await local.watch(Promise.all(local.started.values()));
  return { stage, found, source };
}

it.each(Array.from({ length: 60 }, (_, seed) => seed))('seed %i', async (seed) => {
  const { stage, found, source } = await play(seed);
  const { local, world } = stage;
  expect(found).toEqual([]);
  expect(await local.store.get(source)).toBeUndefined();
  const moved = new Set(
    local.events.filter(({ type }) => type === 'SliceHandedOver').map(({ detail }) => String(detail.target)),
  );
  const lost = local.events.some(({ type }) => type === 'SlotStateLost');
  for (const { slot, holder, epoch } of await local.ports.slots.read('a', SLOTS)) {
    expect(epoch, `slot ${slot}`).toBeGreaterThan(0);
    // Handed over, and its holder serves; or lost, and that was said.
    if (holder === source || lost) continue;
    expect([...moved], `slot ${slot}`).toContain(holder);
    expect(await local.store.get(holder!), holder).toMatchObject({
      placement: { kind: 'active', shard: 'a' },
    });
    expect(await world.loadBalancer.health('a', holder!)).toBe('healthy');
  }
  for (const { slice, holder, holderExpires = 0 } of await local.store.slices())
    if (holder !== undefined)
      expect(holderExpires, `${slice} held by ${holder}`).toBeLessThan(world.clock.now());
  for (const { slice, placement } of await local.store.slices())
    expect(['ready', 'reserved', 'active'], slice).toContain(placement.kind);
});
