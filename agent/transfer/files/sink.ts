import { constants } from 'node:fs';
import { copyFile, type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { StateSink } from '../../contract.ts';
import { checkFolders, pathOf } from './paths.ts';
import { type FileRecord, recordsOf } from './records.ts';
import { filesOf, type Place } from './tree.ts';

/** Beside the place, on the same file system, so that a rename is enough. */
const STAGE = '.foreshard-stage';

interface Staged {
  readonly staged: string;
  readonly path: string;
}

/**
 * State in files, from a stream of changes. A set is built up beside the place, and moved into it, file by file, when all
 * of it has arrived and was verified. A file that changed in parts is first copied, without its bytes where the file
 * system can (XFS, Btrfs).
 */
export class FilesSink implements StateSink {
  readonly #place: (slot: number) => Place;

  constructor(place: (slot: number) => Place) {
    this.#place = place;
  }

  async apply(slot: number, changes: Readable, signal?: AbortSignal): Promise<void> {
    const place = this.#place(slot);
    const stage = await this.#stage(place);
    try {
      const set = new FileSet(place, stage);
      try {
        for await (const { record, data } of recordsOf(changes)) {
          signal?.throwIfAborted();
          await set.take(record, data);
        }
      } finally {
        await set.close();
      }
      await set.commit();
    } finally {
      await rm(stage, { recursive: true, force: true });
    }
  }

  async discard(slot: number): Promise<void> {
    const place = this.#place(slot);
    await rm(stageOf(place), { recursive: true, force: true });
    if ('directory' in place) await rm(place.directory, { recursive: true, force: true });
    else for (const path of place.files) await rm(path, { force: true });
  }

  /** An empty one: what a killed process left is no use. */
  async #stage(place: Place): Promise<string> {
    const stage = stageOf(place);
    if ('directory' in place) {
      await mkdir(place.directory, { recursive: true });
      if (!(await lstat(place.directory)).isDirectory())
        throw new Error(`${place.directory}: expected a folder, got a symbolic link`);
    } else for (const path of place.files) await mkdir(dirname(path), { recursive: true });
    await rm(stage, { recursive: true, force: true });
    await mkdir(stage, { mode: 0o700 });
    return stage;
  }
}

const stageOf = (place: Place) =>
  'directory' in place ? `${place.directory}${STAGE}` : `${place.files[0]!}${STAGE}`;

/** One set on its way. */
class FileSet {
  readonly #place: Place;
  readonly #stage: string;
  readonly #staged = new Map<string, Staged>();
  readonly #gone: string[] = [];
  #full = false;
  #ended = false;
  #name: string | undefined;
  #file: FileHandle | undefined;

  constructor(place: Place, stage: string) {
    this.#place = place;
    this.#stage = stage;
  }

  async take(record: FileRecord, data: Buffer): Promise<void> {
    if (record.kind === 'full') this.#full = true;
    else if (record.kind === 'gone') this.#gone.push(pathOf(this.#place, record.name));
    else if (record.kind === 'file') await this.#open(record);
    else if (record.kind === 'part') await this.#write(data, record.at);
    else if (record.kind === 'end') this.#ended = true;
    else throw new Error(`files: record ${JSON.stringify(record)} is not known`);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#name = undefined;
  }

  async commit(): Promise<void> {
    if (!this.#ended) throw new Error('files: the set has no end');
    for (const path of await this.#superfluous()) {
      await checkFolders(this.#place, path, false);
      await rm(path, { force: true });
    }
    for (const { staged, path } of this.#staged.values()) {
      await checkFolders(this.#place, path, true);
      // A folder of this name has no files any more.
      if ((await lstat(path).catch(() => undefined))?.isDirectory()) await rm(path, { recursive: true });
      await rename(staged, path);
    }
  }

  async #superfluous(): Promise<readonly string[]> {
    if (!this.#full) return this.#gone;
    const kept = new Set([...this.#staged.values()].map(({ path }) => path));
    return (await filesOf(this.#place)).map(({ path }) => path).filter((path) => !kept.has(path));
  }

  async #open({ name, size, mode, fresh }: FileRecord & { kind: 'file' }): Promise<void> {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new Error(`files: ${name}: expected a size, got ${size}`);
    if (this.#name !== name) {
      await this.close();
      const path = pathOf(this.#place, name);
      const known = this.#staged.get(name);
      const staged = known?.staged ?? join(this.#stage, String(this.#staged.size));
      if (known === undefined && !fresh) await this.#clone(path, staged);
      this.#file = await open(staged, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
      this.#staged.set(name, { staged, path });
      this.#name = name;
    }
    await this.#file!.chmod(mode & 0o777);
    await this.#file!.truncate(size);
  }

  async #clone(path: string, staged: string): Promise<void> {
    await checkFolders(this.#place, path, false);
    if (!(await lstat(path)).isFile()) throw new Error(`${path}: expected a file, got something else`);
    await copyFile(path, staged, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  }

  async #write(data: Buffer, at: number): Promise<void> {
    if (this.#file === undefined || !Number.isSafeInteger(at) || at < 0)
      throw new Error(`files: a part at ${at} without a file`);
    for (let written = 0; written < data.length; ) {
      const { bytesWritten } = await this.#file.write(data, written, data.length - written, at + written);
      written += bytesWritten;
    }
  }
}
