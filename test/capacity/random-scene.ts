import fc from 'fast-check';
import type { Settings } from '../../core/settings/schema.ts';
import type { Instance } from '../../core/shards/instance.ts';
import {
  AT,
  factsOf,
  forecastOf,
  nameOf,
  type Place,
  type Scene,
  settingsOf,
  slicesFor,
  snapshotOf,
} from './scene.ts';

const TYPES = [
  { type: 'm7i.large', weight: 1 },
  { type: 'm7i.xlarge', weight: 2 },
];
const PLACES = [
  'ready',
  'active',
  'active',
  'active',
  'activating',
  'draining',
  'reserved',
  'expired',
] as const;
const STATES = [
  'running',
  'running',
  'running',
  'running',
  'running',
  'warm',
  'starting',
  'stocking',
  'draining',
  'interrupted',
  'standby',
] as const;

const shardInput = fc.record({
  priority: fc.constantFrom(50, 100, 200),
  guarantee: fc.integer({ min: 0, max: 3 }),
  max: fc.option(fc.integer({ min: 3, max: 12 }), { nil: undefined }),
  mode: fc.constantFrom('active', 'active', 'active', 'hold', 'shadow'),
  standby: fc.option(fc.record({ instances: fc.integer({ min: 1, max: 2 }) }), { nil: undefined, freq: 4 }),
});

const settingsArbitrary = fc
  .record({
    shards: fc.array(shardInput, { minLength: 1, maxLength: 6 }),
    types: fc.integer({ min: 1, max: 2 }),
    slicesPerInstance: fc.constantFrom(1, 1, 2, 4),
    max: fc.integer({ min: 1, max: 40 }),
    pool: fc.integer({ min: 0, max: 5 }),
    target: fc.constantFrom('auto' as const, 'auto' as const, 0, 2),
    spotShare: fc.constantFrom(0, 0, 0.3),
    moves: fc.constantFrom(200, 200, 3),
    unmet: fc.constantFrom(0.3, 1.5, 20),
  })
  .map(({ shards, types, max, pool, target, spotShare, moves, slicesPerInstance, unmet }) =>
    settingsOf(
      shards.map(({ max: most, standby, ...shard }) => ({
        ...shard,
        ...(most !== undefined && { max: most }),
        ...(standby !== undefined && { standby }),
      })) as never,
      { max, instanceTypes: TYPES.slice(0, types), slicesPerInstance, spotShare, maxMovesPerTick: moves },
      { readyPool: { max: pool, target }, costs: { unmetInstanceHour: unmet } },
    ),
  );

const instanceChoice = fc.record({
  state: fc.constantFrom(...STATES),
  spot: fc.boolean(),
  type: fc.nat(1),
  zone: fc.nat(2),
  rebalance: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  slices: fc.array(fc.record({ place: fc.constantFrom(...PLACES), shard: fc.nat(5), held: fc.nat(9) }), {
    minLength: 4,
    maxLength: 4,
  }),
});

/** Random fleets in any state, no larger than their maximum, with loads from nothing to far beyond it. */
export const randomScene: fc.Arbitrary<Scene> = fc
  .record({
    settings: settingsArbitrary,
    choices: fc.array(instanceChoice, { maxLength: 30 }),
    loads: fc.array(fc.constantFrom(0, 20, 80, 150, 320, 900), { minLength: 6, maxLength: 6 }),
    later: fc.array(fc.constantFrom(0, 0.5, 1, 1, 2), { minLength: 6, maxLength: 6 }),
    spread: fc.constantFrom(0, 0.05, 0.3),
    unknown: fc.integer({ min: 0, max: 40 }),
    request: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ settings, choices, loads, later, spread, unknown, request }) => {
    const held: string[] = [];
    let size = 0;
    const instances: Instance[] = [];
    choices.forEach((choice, i) => {
      const instance = instanceOf(settings, choice, i, held);
      const counts = instance.state !== 'warm' && instance.state !== 'standby';
      if (counts && size >= settings.fleet.max) return;
      if (counts) size += 1;
      instances.push(instance);
    });
    const forecasts = new Map(
      settings.shards.flatMap(({ name }, s) => {
        if (s === unknown) return [];
        const load = (ahead: number) => loads[s]! * (1 + (later[s]! - 1) * Math.min(1, ahead / 600));
        return [[name, forecastOf(name, settings, load, spread)] as const];
      }),
    );
    const count = Math.min(2, settings.fleet.max - size);
    const openRequests =
      request === 0 && count > 0
        ? [{ id: 'r', group: 'steady' as const, count, at: AT - 30, expires: AT + 60 }]
        : [];
    return { settings, forecasts, snapshot: snapshotOf(instances, { held, openRequests }) };
  });

type Choice = typeof instanceChoice extends fc.Arbitrary<infer T> ? T : never;

function instanceOf(settings: Settings, choice: Choice, i: number, held: string[]): Instance {
  const { shards, fleet } = settings;
  const type = fleet.instanceTypes[choice.type % fleet.instanceTypes.length]!.type;
  const stoppable = choice.state === 'warm' || choice.state === 'standby' || choice.state === 'stocking';
  const group = choice.spot && !stoppable ? 'spot' : 'steady';
  const facts = factsOf(settings, { id: `i-${i}`, type, zone: fleet.zones[choice.zone]!, group });
  const shard = nameOf(choice.slices[0]!.shard % shards.length);
  const places = choice.slices.map(
    ({ place, shard }): Place => (place === 'ready' ? 'ready' : `${place} ${nameOf(shard % shards.length)}`),
  );
  const slices = slicesFor(facts, settings, places);
  switch (choice.state) {
    case 'warm':
      return { ...facts, state: 'warm' };
    case 'standby':
      return { ...facts, state: 'standby', shard };
    case 'starting':
    case 'stocking':
      return {
        ...facts,
        state: 'starting',
        origin: 'cold',
        expectedAt: AT + 60,
        into: choice.state === 'stocking' ? 'warm' : 'running',
      };
    case 'draining': {
      const leaving = slices.map((slice) => ({ ...slice, placement: { kind: 'ready', since: AT } as const }));
      return { ...facts, state: 'draining', slices: leaving, to: 'retired' };
    }
    case 'interrupted':
      return { ...facts, group: 'spot', state: 'interrupted', slices, deadline: AT + 100 };
    case 'running':
      slices.forEach(({ id }, n) => {
        // What is on its way is on its way by a workflow.
        if (choice.slices[n]!.held === 0) held.push(id);
      });
      return { ...facts, state: 'running', slices, ...(choice.rebalance && { rebalanceAt: AT - 60 }) };
  }
}
