import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { writableDir, writableFile } from '../../cli/writable.ts';

const dir = mkdtempSync(join(tmpdir(), 'foreshard-writable-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'file');
writeFileSync(file, '');

it('makes a directory with its parents, once or again', async () => {
  const deep = join(dir, 'a', 'b');
  await writableDir('--out', deep);
  await writableDir('--out', deep);
  expect(existsSync(deep)).toBe(true);
});

it('names the option, the path and why it cannot be', async () => {
  await expect(writableDir('--out', join(file, 'below'))).rejects.toThrow(
    /^--out: expected a directory that can be written, got .*below \((ENOTDIR|EEXIST)\)$/,
  );
});

// mkdir's own `recursive` never returns there.
it.skipIf(!existsSync('/proc/self'))('ends where the file system says ENOENT', async () => {
  await expect(writableDir('--out', '/proc/nope/out')).rejects.toThrow('/proc/nope/out (ENOENT)');
});

it('wants a file in a directory that is there', async () => {
  await expect(writableFile('--json', join(dir, 'new.json'))).resolves.toBeUndefined();
  await expect(writableFile('--json', dir)).rejects.toThrow('(EISDIR)');
  await expect(writableFile('--json', join(dir, 'nope', 'x.json'))).rejects.toThrow('(ENOENT)');
});
