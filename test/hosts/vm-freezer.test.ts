import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { ROOT } from '../../agent/vm/cgroups.ts';
import { CgroupsV2 } from '../../agent/vm/cgroups-v2.ts';
import { type Machine, thisMachine } from '../../agent/vm/machine.ts';
import { cgroupOf } from '../../core/vm/escape.ts';
import { ended, eventually } from './rig/processes.ts';

/** Where this machine's hierarchy of version 2 is, with controllers or without. */
const base = existsSync(`${ROOT}/cgroup.controllers`) ? ROOT : `${ROOT}/unified`;

describe.skipIf(inject('prepared') === null)('the freezer of control groups version 2', () => {
  const top = join(base, `foreshard-freezer-${process.pid}`);
  const map = (path: string) => path.replace(ROOT, top);
  const machine: Machine = {
    ...thisMachine,
    read: (path) => thisMachine.read(map(path)),
    poke: (path, text) => thisMachine.poke(map(path), text),
  };
  const groups = [
    top,
    join(top, cgroupOf('a'), '..'),
    join(top, cgroupOf('a')),
    join(top, cgroupOf('a'), 'x.service'),
  ];
  let busy: ChildProcess;

  beforeEach(async () => {
    for (const group of groups) await mkdir(group);
    busy = spawn('sh', ['-c', 'while :; do :; done']);
    await writeFile(join(groups.at(-1)!, 'cgroup.procs'), `${busy.pid}`);
  });
  afterEach(async () => {
    busy.kill('SIGKILL');
    await ended(busy);
    for (const group of groups.toReversed())
      await eventually(`${group} is removed`, () =>
        rmdir(group).then(
          () => true,
          () => false,
        ),
      );
  });
  const ticks = async () => Number((await readFile(`/proc/${busy.pid}/stat`, 'utf8')).split(' ')[13]);

  it('stops what runs in the services of a slice, and lets it go on', async () => {
    const cgroups = new CgroupsV2(machine);
    const running = async () => {
      const before = await ticks();
      await eventually('it runs', async () => (await ticks()) > before + 5);
    };
    await running();
    await cgroups.freeze('a', true);
    const stopped = await ticks();
    const other = spawn('sh', ['-c', 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done']);
    await ended(other);
    expect(await ticks()).toBe(stopped);
    await cgroups.freeze('a', true);
    await cgroups.freeze('a', false);
    await running();
  });

  it('lets what is frozen be killed, and knows of nothing where there is nothing', async () => {
    const cgroups = new CgroupsV2(machine);
    await cgroups.freeze('a', true);
    busy.kill('SIGKILL');
    await ended(busy);
    await cgroups.freeze('a', false);
    await cgroups.freeze('b', true);
    expect(await cgroups.inForce('b')).toBeUndefined();
    expect(await cgroups.memory('b')).toBeUndefined();
  });
});
