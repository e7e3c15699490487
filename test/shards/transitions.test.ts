import { describe, expect, it } from 'vitest';
import {
  INSTANCE_TRANSITIONS,
  type Instance,
  type InstanceState,
  instanceTo,
} from '../../core/shards/instance.ts';
import {
  IllegalTransition,
  moveTo,
  ownerOf,
  type Placement,
  type PlacementKind,
} from '../../core/shards/placement.ts';
import { parseSliceId, shareOf, sliceIdsOf } from '../../core/shards/slice.ts';
import { settingsOf } from '../world/fixtures.ts';

const at = (kind: PlacementKind, shard = 'a'): Placement => {
  if (kind === 'ready') return { kind, since: 0 };
  return kind === 'reserved' ? { kind, since: 0, shard, until: 9 } : { kind, since: 0, shard };
};

const allowed: Record<PlacementKind, PlacementKind[]> = {
  ready: ['reserved', 'activating'],
  reserved: ['ready', 'activating'],
  activating: ['active', 'draining'],
  active: ['draining'],
  draining: ['ready', 'activating'],
};
const kinds = Object.keys(allowed) as PlacementKind[];

describe('placements', () => {
  for (const from of kinds) {
    for (const to of kinds) {
      const ok = allowed[from].includes(to);
      it(`${from} → ${to} is ${ok ? 'allowed' : 'refused'}`, () => {
        const step = () => moveTo('i-1:8080', at(from), at(to));
        if (ok) expect(step()).toEqual(at(to));
        else expect(step).toThrow(IllegalTransition);
      });
    }
  }

  it('never change their shard without being free of the old one', () => {
    for (const [from, to] of [
      ['activating', 'active'],
      ['active', 'draining'],
      ['reserved', 'activating'],
    ] as const)
      expect(() => moveTo('s', at(from, 'a'), at(to, 'b'))).toThrow(/\(a\) → .*\(b\) is not allowed/);
    expect(ownerOf(moveTo('s', at('draining', 'a'), at('activating', 'b')))).toBe('b');
  });
});

const facts = { id: 'i-1', type: 't.a', zone: 'a', group: 'steady', since: 0 } as const;
const instances: Record<InstanceState, Instance> = {
  warm: { ...facts, state: 'warm' },
  standby: { ...facts, state: 'standby', shard: 'a' },
  starting: { ...facts, state: 'starting', origin: 'cold', expectedAt: 1, into: 'running' },
  running: { ...facts, state: 'running', slices: [] },
  draining: { ...facts, state: 'draining', slices: [], to: 'warm' },
  interrupted: { ...facts, state: 'interrupted', slices: [], deadline: 1 },
  retired: { ...facts, state: 'retired', why: 'released' },
};
const states = Object.keys(instances) as InstanceState[];

describe('instances', () => {
  it('go only where the lifecycle leads', () => {
    for (const from of states) {
      for (const to of states) {
        const step = () => instanceTo(instances[from], instances[to]);
        if (INSTANCE_TRANSITIONS[from].includes(to)) expect(step()).toBe(instances[to]);
        else expect(step, `${from} → ${to}`).toThrow(IllegalTransition);
      }
    }
    expect(() => instanceTo(instances.retired, instances.running)).toThrow('may go to nowhere');
  });

  it('of Spot cannot be stopped, and none turns into another', () => {
    const spot = { ...instances.draining, group: 'spot' } as Instance;
    expect(() => instanceTo(spot, { ...instances.warm, group: 'spot' })).toThrow('Spot instance i-1');
    expect(() => instanceTo(instances.warm, { ...instances.starting, id: 'i-2' })).toThrow(IllegalTransition);
    expect(() => instanceTo(instances.running, spot)).toThrow(IllegalTransition);
  });
});

describe('slices', () => {
  const settings = settingsOf(['a'], {
    slicesPerInstance: 4,
    instanceTypes: [{ type: 'm7i.large' }, { type: 'm7i.xlarge', weight: 2 }],
  });

  it('are equal parts of an instance, by its weight', () => {
    expect(sliceIdsOf('i-1', settings)).toEqual(['i-1:8080', 'i-1:8081', 'i-1:8082', 'i-1:8083']);
    expect(shareOf('m7i.large', settings)).toBe(0.25);
    expect(shareOf('m7i.xlarge', settings)).toBe(0.5);
  });

  it('have ids that can be taken apart, and wrong ones are named', () => {
    expect(parseSliceId('i-1:8081')).toEqual({ instance: 'i-1', port: 8081 });
    for (const wrong of ['i-1', ':80', 'i-1:x', 'i-1:', 'i-1:0'])
      expect(() => parseSliceId(wrong)).toThrow(wrong);
  });
});
