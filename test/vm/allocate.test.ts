import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from '../../core/vm/allocate.ts';
import { VmChanged, VmRefused } from '../../core/vm/refused.ts';
import { RESOURCES } from '../../core/vm/shard.ts';
import { allocated, LARGE, policyOf, shard, vmSettings } from './stage.ts';

const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof VmRefused) return error.problems;
    throw error;
  }
  return [];
};

describe('allocate', () => {
  it('gives each VM shard a port of its own and begins to run it', () => {
    const vm = allocated([shard('a'), shard('b', { vCPU: 1 })]);
    expect(vm).toMatchObject({ instanceID: 'i-1', version: 1, size: LARGE });
    expect(vm.shards.map(({ shardID, port, state, version }) => ({ shardID, port, state, version }))).toEqual(
      [
        { shardID: 'a', port: 8080, state: 'running', version: 1 },
        { shardID: 'b', port: 8081, state: 'running', version: 1 },
      ],
    );
  });

  it('adds to what is there, on the first free port', () => {
    const before = allocated([shard('a'), shard('b')]);
    const without = { ...before, shards: before.shards.slice(1) };
    const vm = allocated([shard('c')], { before: without });
    expect(vm.version).toBe(2);
    expect(vm.shards.map(({ shardID, port }) => [shardID, port])).toEqual([
      ['b', 8081],
      ['c', 8080],
    ]);
  });

  it('changes nothing when it is repeated', () => {
    const before = allocated([shard('a'), shard('b')]);
    expect(allocated([shard('a')], { before })).toBe(before);
  });

  it('refuses what does not fit, naming what is free and what was asked for', () => {
    const before = allocated([shard('a', { RAM: 4096 })]);
    const problems = refusal(() => allocated([shard('b', { RAM: 4096, vCPU: 1.6 })], { before }));
    expect(problems).toEqual([
      {
        field: 'shards[0].vCPU',
        bound: "at most 1.4, free of 2 on i-1 (0.1 are the system's)",
        value: '1.6',
      },
      {
        field: 'shards[0].RAM',
        bound: "at most 3584 MiB, free of 8192 on i-1 (512 are the system's)",
        value: '4096',
      },
    ]);
  });

  it('counts what the same call takes before', () => {
    const problems = refusal(() => allocated([shard('a', { RAM: 5000 }), shard('b', { RAM: 3000 })]));
    expect(problems).toMatchObject([{ field: 'shards[1].RAM', value: '3000' }]);
  });

  it.each([
    ['a name twice', [shard('a'), shard('a')], 'shards[1].shardID'],
    ['an unknown component', [shard('a', { applicationComponent: 'x' })], 'shards[0].applicationComponent'],
    [
      'a component that is only in the prototype',
      [shard('a', { applicationComponent: 'toString' })],
      'shards[0].applicationComponent',
    ],
    ['no size and no profile', [shard('a', { RAM: undefined })], 'shards[0].RAM'],
    ['too many', Array.from({ length: 5 }, (_, i) => shard(`s${i}`, { vCPU: 0.1, RAM: 64 })), 'shards'],
  ])('refuses %s', (_, shards, field) => {
    expect(refusal(() => allocated(shards)).map((one) => one.field)).toEqual([field]);
  });

  it('refuses another size under a name that is there, and points to resize', () => {
    const before = allocated([shard('a')]);
    const problems = refusal(() => allocated([shard('a', { RAM: 1024 })], { before }));
    expect(problems).toMatchObject([{ field: 'shards[0].RAM', value: '1024' }]);
    expect(problems[0]?.bound).toContain('2048, which a has already');
  });

  it('refuses where VM shards are not wanted', () => {
    const settings = vmSettings({ maxPerInstance: 0 });
    expect(refusal(() => allocated([shard('a')], { settings }))).toMatchObject([
      { field: 'shards', value: '1' },
    ]);
  });

  it('refuses another version than was seen', () => {
    const before = allocated([shard('a')]);
    const asked = { instanceID: 'i-1', shards: [shard('b')], size: LARGE, version: 7 };
    expect(() => allocate(before, asked, policyOf(), vmSettings(), 0)).toThrow(VmChanged);
    expect(() => allocate(before, asked, policyOf(), vmSettings(), 0)).toThrow('expected 1, got 7');
  });

  it('proposes the sizes that are left out from the profile', () => {
    const flat = { p50: 0.2, p95: 0.41 };
    const night = Array.from({ length: 24 }, (_, hour) => (hour < 6 ? 900 : 300));
    const usage = { vCPU: flat, RAM: { p50: 200, p95: night }, storage: { p50: 0, p95: 0 } };
    const settings = vmSettings({ components: { search: { unit: 'search@.service', usage } }, margin: 0.2 });
    const vm = allocated([shard('a', { vCPU: undefined, RAM: undefined, storage: undefined })], { settings });
    // .41 × 1.2 = .492 → .5; 900 × 1.2 = 1080 → 1088, a multiple of 16.
    expect(vm.shards[0]).toMatchObject({ vCPU: 0.5, RAM: 1088, storage: 0 });
  });

  it('never gives away more than there is, whatever is asked for in whatever order', () => {
    const request = fc.record({
      shardID: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      vCPU: fc.double({ min: 0.05, max: 2, noNaN: true }),
      RAM: fc.integer({ min: 16, max: 8192 }),
      storage: fc.integer({ min: 0, max: 20_000 }),
    });
    const settings = vmSettings();
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
        let vm = allocated([], { settings });
        for (const one of requests) {
          const before = vm;
          try {
            vm = allocated([shard(one.shardID, one)], { before, settings });
          } catch (error) {
            expect(error).toBeInstanceOf(VmRefused);
          }
          expect(vm.version - before.version).toBe(vm === before ? 0 : 1);
        }
        for (const key of RESOURCES) {
          const taken = vm.shards.reduce((sum, part) => sum + part[key], settings.vm.system[key]);
          expect(taken).toBeLessThanOrEqual(LARGE[key] + 1e-6);
        }
        expect(new Set(vm.shards.map(({ port }) => port)).size).toBe(vm.shards.length);
      }),
    );
  });
});
