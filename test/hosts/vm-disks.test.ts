import { readFileSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { Disks } from '../../agent/vm/disks.ts';
import { thisMachine } from '../../agent/vm/machine.ts';

const MIB = 1 << 20;
/** CAP_SYS_RESOURCE, which the kernel wants of who lets a mounted filesystem grow; root in a container may lack it. */
const effective = /^CapEff:\s+(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
const mayGrow = ((BigInt(`0x${effective}`) >> 24n) & 1n) === 1n;
const a = { shardID: 'a', storage: 24 };
const b = { shardID: 'b', storage: 24 };

/** Writes until the disk is full. @returns MiB that went in, and why no more did. */
async function fill(file: string, most: number): Promise<{ mib: number; code?: string }> {
  const handle = await open(file, 'w');
  let mib = 0;
  try {
    for (; mib < most; mib++) await handle.write(Buffer.alloc(MIB, 1));
    return { mib };
  } catch (error) {
    return { mib, code: (error as NodeJS.ErrnoException).code! };
  } finally {
    await handle.close();
  }
}

describe.skipIf(inject('prepared') === null)('disks of VM shards', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'foreshard-disks-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('are filesystems of their own, full at their size, and there again for an agent that begins anew', async () => {
    const disks = new Disks(thisMachine, root);
    try {
      expect(await disks.ensure(a)).toBe(24);
      expect(await disks.ensure(b)).toBe(24);
      expect((await stat(join(root, 'a.img'))).mode & 0o777).toBe(0o600);
      const full = await fill(join(root, 'a/full'), 64);
      expect(full).toMatchObject({ code: 'ENOSPC' });
      expect(full.mib).toBeLessThanOrEqual(24);
      await writeFile(join(root, 'b/kept'), 'kept');
      expect(await fill(join(root, 'b/more'), 16)).toEqual({ mib: 16 });
      expect(await new Disks(thisMachine, root).ensure(b)).toBe(24);
      expect(await readFile(join(root, 'b/kept'), 'utf8')).toBe('kept');
    } finally {
      for (const one of [a, b]) await disks.remove(one.shardID);
    }
    expect(await thisMachine.list(root)).toEqual([]);
    expect(await thisMachine.read('/proc/1/mounts')).not.toContain(root);
    await disks.remove('a');
  });

  it.skipIf(!mayGrow)('grow with what is on them, while it is in use', async () => {
    const disks = new Disks(thisMachine, root);
    try {
      await disks.ensure(a);
      await writeFile(join(root, 'a/kept'), 'kept');
      expect(await disks.ensure({ ...a, storage: 64 })).toBe(64);
      expect(await fill(join(root, 'a/more'), 40)).toEqual({ mib: 40 });
      expect(await readFile(join(root, 'a/kept'), 'utf8')).toBe('kept');
    } finally {
      await disks.remove('a');
    }
  });
});
