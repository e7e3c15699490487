import { describe, expect, it } from 'vitest';
import { VmItems } from '../../adapters/aws/vm-items.ts';
import { resize } from '../../core/vm/lifecycle.ts';
import type { VmReport } from '../../core/vm/report.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { allocated, LARGE, shard, vmSettings } from './stage.ts';

const vm = allocated([shard('a'), shard('b')]);
const report: VmReport = { at: 1, size: LARGE, cgroup: 2, version: 1, shards: {} };

describe('VM shards in the table', () => {
  it('are what was put, in the order of versions', async () => {
    const vms = new VmItems(new MemoryTable());
    expect(await vms.get('i-1')).toBeUndefined();
    expect(await vms.put(vm)).toBe(true);
    expect(await vms.get('i-1')).toEqual({ vm });
    const next = resize(vm, 'a', { RAM: 512 }, vmSettings());
    expect(await vms.put(next)).toBe(true);
    expect(await vms.list()).toEqual([{ vm: next }]);
    expect(await vms.put(resize(vm, 'b', { RAM: 512 }, vmSettings()))).toBe(false);
    expect(await vms.put(vm)).toBe(false);
  });

  it('take a repeat of one’s own write for done, and no other', async () => {
    const vms = new VmItems(new MemoryTable());
    await vms.put(vm);
    expect(await vms.put(vm)).toBe(true);
    expect(await vms.put(allocated([shard('a')]))).toBe(false);
  });

  it('keep apart what is wanted, what is said, and the order', async () => {
    const vms = new VmItems(new MemoryTable());
    await vms.put(vm);
    await vms.rank('i-1', ['b', 'a']);
    expect(await vms.report('i-1', report)).toEqual({ vm, report, order: ['b', 'a'] });
    await vms.put(resize(vm, 'a', { RAM: 512 }, vmSettings()));
    expect(await vms.get('i-1')).toMatchObject({ report, order: ['b', 'a'], vm: { version: 2 } });
  });

  it('are not made by who reports or ranks', async () => {
    const vms = new VmItems(new MemoryTable());
    expect(await vms.report('i-1', report)).toBeUndefined();
    await vms.rank('i-1', ['a']);
    expect(await vms.list()).toEqual([]);
  });

  it('are removed only as they were seen', async () => {
    const vms = new VmItems(new MemoryTable());
    await vms.put(vm);
    await vms.remove('i-1', 7);
    expect(await vms.get('i-1')).toBeDefined();
    await vms.remove('i-1', 1);
    expect(await vms.get('i-1')).toBeUndefined();
  });
});
