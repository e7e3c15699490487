import { describe, expect, it } from 'vitest';
import { IllegalTransition } from '../../core/shards/placement.ts';
import { layoutsOf } from '../../core/vm/layout.ts';
import { forget, resize, VM_SHARD_TRANSITIONS, vmShardTo } from '../../core/vm/lifecycle.ts';
import { VmRefused, VmUnknown } from '../../core/vm/refused.ts';
import type { VmShardState } from '../../core/vm/shard.ts';
import { allocated, LARGE, shard, vmSettings } from './stage.ts';

const STATES = Object.keys(VM_SHARD_TRANSITIONS) as VmShardState[];
const vm = allocated([shard('a'), shard('b')]);
const inState = (state: VmShardState) => ({
  ...vm,
  shards: vm.shards.map((one) => (one.shardID === 'a' ? { ...one, state } : one)),
});

describe('the lifecycle of a VM shard', () => {
  it.each(STATES.flatMap((from) => STATES.map((to) => [from, to] as const)))('%s → %s', (from, to) => {
    const before = inState(from);
    if (from === to) {
      expect(vmShardTo(before, 'a', to, 2000)).toBe(before);
    } else if (VM_SHARD_TRANSITIONS[from].includes(to)) {
      const after = vmShardTo(before, 'a', to, 2000);
      expect(after.version).toBe(2);
      expect(after.shards).toEqual([
        { ...before.shards[0], state: to, since: 2000, version: 2 },
        before.shards[1],
      ]);
    } else {
      expect(() => vmShardTo(before, 'a', to, 2000)).toThrow(IllegalTransition);
      expect(() => vmShardTo(before, 'a', to, 2000)).toThrow(`i-1/a: ${from} → ${to}`);
    }
  });

  it('names the shard that is not there, and those that are', () => {
    expect(() => vmShardTo(vm, 'x', 'frozen', 0)).toThrow(VmUnknown);
    expect(() => vmShardTo(vm, 'x', 'frozen', 0)).toThrow('i-1/x: expected one of a, b');
  });

  it('knows where it moves, as long as it does', () => {
    const moving = vmShardTo(vm, 'a', 'moving', 2000, 'i-2:8080');
    expect(moving.shards[0]).toMatchObject({ state: 'moving', movesTo: 'i-2:8080' });
    expect(vmShardTo(moving, 'a', 'running', 2001).shards[0]).not.toHaveProperty('movesTo');
  });

  it('ends with nothing left', () => {
    expect(forget(vm, 'a').shards.map(({ shardID }) => shardID)).toEqual(['b']);
    expect(forget(vm, 'x')).toBe(vm);
  });
});

describe('resize', () => {
  const settings = vmSettings();

  it('takes what the others have left', () => {
    const after = resize(vm, 'a', { RAM: 5632, vCPU: 1.4 }, settings);
    expect(after.shards[0]).toMatchObject({ RAM: 5632, vCPU: 1.4, version: 2 });
    expect(resize(vm, 'a', { RAM: 2048 }, settings)).toBe(vm);
  });

  it('is refused beyond it, with the numbers', () => {
    expect(() => resize(vm, 'a', { RAM: 5633 }, settings)).toThrow(VmRefused);
    expect(() => resize(vm, 'a', { RAM: 5633 }, settings)).toThrow(
      "shard.RAM: expected at most 5632 MiB, free of 8192 on i-1 (512 are the system's), got 5633",
    );
  });

  it('never shrinks a disk', () => {
    expect(() => resize(vm, 'a', { storage: 512 }, settings)).toThrow('at least 1024 MiB');
    expect(resize(vm, 'a', { storage: 2048 }, settings).shards[0]?.storage).toBe(2048);
  });

  it('is refused while it moves or goes', () => {
    for (const state of ['moving', 'removing', 'removed'] as const)
      expect(() => resize(inState(state), 'a', { RAM: 1024 }, settings)).toThrow(IllegalTransition);
  });
});

describe('the slices of VM shards', () => {
  const report = { at: 0, size: LARGE, cgroup: 2, version: 1 } as const;

  it('are the larger part of vCPU and memory', () => {
    const layout = layoutsOf([{ vm: allocated([shard('a', { vCPU: 1, RAM: 1024 }), shard('b')]) }]);
    expect(layout.get('i-1')).toEqual([
      { port: 8080, part: 0.5, use: 'planned' },
      { port: 8081, part: 0.25, use: 'planned' },
    ]);
  });

  it.each([
    ['running', undefined, 'planned'],
    ['moving', undefined, 'planned'],
    ['freezing', undefined, 'leaving'],
    ['removing', undefined, 'leaving'],
    ['frozen', undefined, 'hidden'],
    ['removed', undefined, 'hidden'],
    ['running', 'running', 'planned'],
    ['running', 'shrunk', 'planned'],
    ['running', 'frozen', 'hidden'],
    ['running', 'evicted', 'hidden'],
    ['running', 'failed', 'hidden'],
  ] as const)('in %s, seen as %s, are %s', (state, seen, use) => {
    const shards = seen === undefined ? {} : { a: { state: seen, version: 1 } };
    const layout = layoutsOf([{ vm: inState(state), report: { ...report, shards } }]);
    expect(layout.get('i-1')?.[0]?.use).toBe(use);
  });

  it('are hidden while they take over', () => {
    const shards = vm.shards.map((one) => ({ ...one, movesFrom: 'i-2:8080' }));
    expect(layoutsOf([{ vm: { ...vm, shards } }]).get('i-1')?.[0]?.use).toBe('hidden');
  });

  it('are none of ours when nothing is declared', () => {
    expect(layoutsOf([{ vm: { ...vm, shards: [] } }]).size).toBe(0);
  });
});
