import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { chmod, rename, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRecord, type FileRecord } from '../../../agent/transfer/files/records.ts';
import { FilesSink } from '../../../agent/transfer/files/sink.ts';
import { FilesSource } from '../../../agent/transfer/files/source.ts';

let root: string;
let from: string;
let to: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'foreshard-files-'));
  from = join(root, 'from');
  to = join(root, 'to');
  mkdirSync(from);
});
afterEach(() => rmSync(root, { recursive: true }));

/** A file of the state that was written long ago, as far as the file system says. */
async function put(name: string, content: Buffer | string, age = 60): Promise<void> {
  const path = join(from, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  const at = Date.now() / 1000 - age;
  await utimes(path, at, at);
}

/** Names and contents of all files below. */
function treeOf(folder: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) Object.assign(found, treeOf(path, `${prefix}${entry.name}/`));
    else found[`${prefix}${entry.name}`] = readFileSync(path).toString('base64');
  }
  return found;
}

/** Source and sink of one slot, as if two seconds had passed since any change. */
function pair() {
  const source = new FilesSource(
    () => ({ directory: from }),
    () => Date.now() + 2000,
  );
  const sink = new FilesSink(() => ({ directory: to }));
  let since: string | undefined;
  /** @returns bytes of the set */
  const bring = async () => {
    const { token, stream } = await source.changes(0, since);
    const set = await buffer(stream);
    await sink.apply(0, Readable.from([set.subarray(0, 7), set.subarray(7)]));
    since = token;
    return set.length;
  };
  return { source, sink, bring };
}

describe('state in a directory', () => {
  it('arrives with folders, contents and rights', async () => {
    await put('a/b/one', randomBytes(200_000));
    await put('two', '');
    await put('three', randomBytes(65_536));
    await chmod(join(from, 'two'), 0o640);
    await pair().bring();
    expect(treeOf(to)).toEqual(treeOf(from));
    expect(statSync(join(to, 'two')).mode & 0o777).toBe(0o640);
  });

  it('sends what has changed, and not what the state is', async () => {
    const sizes: number[] = [];
    for (const mib of [2, 16]) {
      const large = randomBytes(mib * 1024 * 1024);
      await put('large', large);
      for (let i = 0; i < 50; i += 1) await put(`small/${i}`, randomBytes(1000));
      const { bring } = pair();
      await bring();
      large[70_000]! ^= 1;
      await put('large', large, 50);
      await put('small/7', 'new', 50);
      sizes.push(await bring());
      expect(treeOf(to)).toEqual(treeOf(from));
      expect(await bring()).toBeLessThan(100);
    }
    // One part and one small file; the large one's size has a digit more.
    for (const size of sizes) expect(size).toBeLessThan(66_200);
  });

  it('follows files that grow, shrink, go, come and change places', async () => {
    const { bring } = pair();
    await put('log', randomBytes(100_000));
    await put('cut', randomBytes(200_000));
    await put('gone/deep', 'x');
    await put('name', 'y');
    await put('file', 'was a file');
    await bring();
    writeFileSync(join(from, 'log'), randomBytes(30_000), { flag: 'a' });
    await truncate(join(from, 'cut'), 70_000);
    rmSync(join(from, 'gone'), { recursive: true });
    await rename(join(from, 'name'), join(from, 'other'));
    rmSync(join(from, 'file'));
    await put('file/is/a/folder', 'now');
    await bring();
    expect(treeOf(to)).toEqual(treeOf(from));
    rmSync(join(from, 'file'), { recursive: true });
    await put('file', 'and again');
    await bring();
    expect(treeOf(to)).toEqual(treeOf(from));
  });

  it('sees a change within the same tick of the clock', async () => {
    const at = new Date('2026-01-01T00:00:00Z');
    // The file is as young as it gets: its stamp cannot be trusted.
    const source = new FilesSource(
      () => ({ directory: from }),
      () => 0,
    );
    const path = join(from, 'a');
    writeFileSync(path, 'one');
    await utimes(path, at, at);
    const first = await source.changes(0, undefined);
    await buffer(first.stream);
    writeFileSync(path, 'two');
    await utimes(path, at, at);
    expect((await buffer((await source.changes(0, first.token)).stream)).includes('two')).toBe(true);
  });

  it('gives all of it for a token that it does not know', async () => {
    await put('a', 'one');
    const { source } = pair();
    const { stream } = await source.changes(0, 'of before the restart');
    expect((await buffer(stream)).includes('one')).toBe(true);
  });

  it('removes what a full set does not have, and everything when it is discarded', async () => {
    await put('a', 'one');
    const { bring, sink } = pair();
    mkdirSync(to);
    writeFileSync(join(to, 'left from before'), 'x');
    await bring();
    expect(Object.keys(treeOf(to))).toEqual(['a']);
    await sink.discard(0);
    expect(readdirSync(root)).toEqual(['from']);
  });

  it('refuses symbolic links at the source, by name', async () => {
    symlinkSync('/etc/passwd', join(from, 'link'));
    const { stream } = await pair().source.changes(0, undefined);
    await expect(buffer(stream)).rejects.toThrow(`${from}/link: expected files and directories only`);
  });
});

describe('a set that is not what it should be', () => {
  const set = (...records: readonly (FileRecord | Buffer)[]) =>
    Readable.from(records.map((record) => (Buffer.isBuffer(record) ? record : encodeRecord(record))));
  const file = (name: string, fresh = true): FileRecord => ({
    kind: 'file',
    name,
    size: 1,
    mode: 0o644,
    fresh,
  });
  const end: FileRecord = { kind: 'end' };

  it.each(['../out', '/etc/x', 'a/../../out', 'a//b', '', '.', 'a/./b', 'nul\0', 'back\\slash'])(
    'leads out of the directory: %j',
    async (name) => {
      const { sink } = pair();
      await expect(sink.apply(0, set(file(name), end))).rejects.toThrow('expected a name below');
      await expect(sink.apply(0, set({ kind: 'gone', name }, end))).rejects.toThrow('expected a name below');
      expect(readdirSync(root).sort()).toEqual(['from', 'to']);
    },
  );

  it('goes through a symbolic link in the target: to write, to remove, to read', async () => {
    const outside = join(root, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 's');
    mkdirSync(to);
    symlinkSync(outside, join(to, 'link'));
    symlinkSync(join(outside, 'secret'), join(to, 'straight'));
    const { sink } = pair();
    await expect(sink.apply(0, set(file('link/new'), end))).rejects.toThrow('symbolic link');
    await expect(sink.apply(0, set({ kind: 'gone', name: 'link/secret' }, end))).rejects.toThrow(
      'symbolic link',
    );
    await expect(sink.apply(0, set(file('straight', false), end))).rejects.toThrow('expected a file');
    await sink.apply(0, set(file('straight'), end));
    expect(treeOf(outside)).toEqual({ secret: 'cw==' });
  });

  it.each([
    ['is cut', [file('a')], 'bytes too early'],
    ['goes on after its end', [end, file('a')], 'goes on after its end'],
    [
      'has a part without a file',
      [{ kind: 'part', at: 0, bytes: 1 }, Buffer.from('x'), end],
      'without a file',
    ],
    ['has a part that is too long', [file('a'), { kind: 'part', at: 0, bytes: 1e9 }, end], 'at most 65536'],
    ['has a record that is too long', [Buffer.from([127, 0, 0, 0])], 'at most 32768'],
    ['has a size that is none', [{ ...file('a'), size: -1 }, end], 'expected a size'],
    ['has a record that is none', [{ kind: 'what' }, end], 'is not known'],
  ] as const)('%s: nothing of it is applied', async (_, records, message) => {
    await put('a', 'kept');
    const { sink, bring } = pair();
    await bring();
    await expect(sink.apply(0, set(...(records as unknown as FileRecord[])))).rejects.toThrow(message);
    expect(treeOf(to)).toEqual(treeOf(from));
    expect(readdirSync(root).sort()).toEqual(['from', 'to']);
  });

  it('fails with what the disk says, and leaves what was', async () => {
    await put('a', 'kept');
    const { sink, bring } = pair();
    await bring();
    // 8 EiB do not fit anywhere.
    await expect(sink.apply(0, set({ ...file('b'), size: 2 ** 53 - 1 } as FileRecord, end))).rejects.toThrow(
      /EFBIG|ENOSPC|EINVAL/,
    );
    expect(treeOf(to)).toEqual(treeOf(from));
  });
});

describe('state in some files', () => {
  it('goes by place, so that paths may differ', async () => {
    const paths = (folder: string) => ({
      files: [join(root, folder, 'x.db'), join(root, folder, 'sub', 'y.db')],
    });
    mkdirSync(join(from, 'sub'));
    writeFileSync(join(from, 'x.db'), 'x');
    const source = new FilesSource(() => paths('from'));
    const sink = new FilesSink(() => paths('to'));
    const first = await source.changes(0, undefined);
    await sink.apply(0, first.stream);
    expect(treeOf(to)).toEqual(treeOf(from));
    writeFileSync(join(from, 'sub/y.db'), 'y');
    rmSync(join(from, 'x.db'));
    await sink.apply(0, (await source.changes(0, first.token)).stream);
    expect(treeOf(to)).toEqual(treeOf(from));
    await expect(
      sink.apply(
        0,
        Readable.from([encodeRecord({ kind: 'gone', name: '2' }), encodeRecord({ kind: 'end' })]),
      ),
    ).rejects.toThrow('expected 0 to 1');
  });
});
