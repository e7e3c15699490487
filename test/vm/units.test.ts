import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { componentUnit, escapeUnit, sliceUnit } from '../../core/vm/escape.ts';
import { shardFiles, unitFiles, weightOf } from '../../core/vm/units.ts';
import { allocated, LARGE, shard, vmSettings } from './stage.ts';

const has = (command: string) => {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`]);
    return true;
  } catch {
    return false;
  }
};

const settings = vmSettings({ disk: { readMiBps: 100, writeMiBps: 50 } });
const vm = allocated([shard('team-a', { vCPU: 0.5, RAM: 1000 }), shard('b', { storage: 0 })], { settings });

describe('names of units', () => {
  it.each([
    ['a', 'a'],
    ['team-a', 'team\\x2da'],
    ['x_1', 'x_1'],
    ['a.b', 'a.b'],
    ['.a', '\\x2ea'],
    ['a b%', 'a\\x20b\\x25'],
  ])('of %s', (name, escaped) => {
    expect(escapeUnit(name)).toBe(escaped);
    if (has('systemd-escape'))
      expect(execFileSync('systemd-escape', [name], { encoding: 'utf8' }).trim()).toBe(escaped);
  });

  it('are of one slice within another, and of an instance of the template', () => {
    expect(sliceUnit('team-a')).toBe('foreshard-team\\x2da.slice');
    expect(componentUnit('search@.service', 'team-a')).toBe('search@team\\x2da.service');
  });
});

describe('unit files', () => {
  it('have the declared limits', () => {
    const text = unitFiles(vm, settings.vm).find(({ path }) => path === sliceUnit('team-a'))?.text;
    expect(text?.split('\n')).toEqual(
      expect.arrayContaining([
        '[Slice]',
        'CPUQuota=50%',
        'CPUWeight=250',
        'MemoryHigh=950M',
        'MemoryMax=1000M',
        'TasksMax=1024',
        'IOWeight=250',
        // A quarter of the VM's vCPUs: a quarter of its disk.
        `IOReadBandwidthMax=/ ${25 * 1_048_576}`,
        `IOWriteBandwidthMax=/ ${12.5 * 1_048_576}`,
      ]),
    );
  });

  it('leave the system what is its own', () => {
    const text = unitFiles(vm, settings.vm).find(({ path }) => path === 'foreshard.slice')?.text;
    expect(text).toContain('CPUQuota=190%\nMemoryMax=7680M\n');
  });

  it('put the component into its slice, and tell it where it is', () => {
    const at = (path: string) => unitFiles(vm, settings.vm).find((one) => one.path === path)?.text;
    const a = at('search@team\\x2da.service.d/50-foreshard.conf');
    expect(a).toContain('[Service]\nSlice=foreshard-team\\x2da.slice\n');
    expect(a).toContain('FORESHARD_PORT=8080\n');
    expect(a).toContain('FORESHARD_DIRECTORY=/var/lib/foreshard/vm/team-a\n');
    expect(at('search@b.service.d/50-foreshard.conf')).not.toContain('FORESHARD_DIRECTORY');
  });

  it('of a shrunk shard slow it down earlier, and kill it no sooner', () => {
    const [slice] = shardFiles(vm.shards[0]!, vm, settings.vm, 300);
    expect(slice?.text).toContain('MemoryHigh=300M\nMemoryMax=1000M\n');
  });

  it('share by what is declared, within what weights may be', () => {
    expect(weightOf({ ...LARGE, vCPU: 0.01 }, { ...LARGE, vCPU: 128 })).toBe(1);
    expect(weightOf(LARGE, LARGE)).toBe(1000);
  });

  it.skipIf(!has('systemd-analyze'))('are taken by systemd as they are', () => {
    const folder = mkdtempSync(join(tmpdir(), 'foreshard-units-'));
    try {
      const slices = unitFiles(vm, settings.vm).filter(({ path }) => path.endsWith('.slice'));
      for (const { path, text } of slices) writeFileSync(join(folder, path), text);
      const files = slices.map(({ path }) => join(folder, path));
      const said = execFileSync('systemd-analyze', ['verify', ...files], { encoding: 'utf8', stdio: 'pipe' });
      expect(said).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
