import { createSecretKey, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Changes, StateSource } from '../../contract.ts';
import { tagOf } from '../keys.ts';
import { encodeRecord, PART } from './records.ts';
import { type Found, filesOf, type Place } from './tree.ts';

/** What a file was when it was sent: its stamp, and a digest of each part. */
interface Known {
  /** Absent: it was changed so shortly before it was read that another change may have the same stamp. */
  readonly stamp: string | undefined;
  readonly size: number;
  readonly mode: number;
  readonly parts: readonly string[];
}

type Manifest = ReadonlyMap<string, Known>;

/** File systems tell times apart by their kernel's tick (at most 10 ms); with a wide margin. */
const TICK_MS = 1000;
/** States per slot that can be asked `since`. */
const MOST_KEPT = 3;

/**
 * State in files, as a stream of changes: parts of 64 KiB that are not what they were. A file whose stamp has not changed
 * is not read. What is torn, because it was read while the application wrote, has another stamp in the next round; the
 * last one reads what is quiesced.
 */
export class FilesSource implements StateSource {
  readonly #place: (slot: number) => Place;
  readonly #now: () => number;
  readonly #digestKey = createSecretKey(Buffer.from(randomUUID().replaceAll('-', ''), 'hex'));
  readonly #manifests = new Map<number, Map<string, Manifest>>();

  /** @param now wall clock of the file system (ms) */
  constructor(place: (slot: number) => Place, now: () => number = Date.now) {
    this.#place = place;
    this.#now = now;
  }

  async changes(slot: number, since: string | undefined, signal?: AbortSignal): Promise<Changes> {
    const kept = this.#manifests.get(slot) ?? new Map<string, Manifest>();
    this.#manifests.set(slot, kept);
    // A token of before this process was started is not known: then all of it.
    const before = since === undefined ? undefined : kept.get(since);
    const token = randomUUID();
    const records = this.#records(this.#place(slot), before, (manifest) => {
      kept.set(token, manifest);
      while (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!);
    });
    const stream = Readable.from(records, { objectMode: false, highWaterMark: 4 * PART });
    signal?.addEventListener('abort', () => stream.destroy(signal.reason), { once: true });
    return { token, stream, owned: true };
  }

  async *#records(place: Place, before: Manifest | undefined, done: (manifest: Manifest) => void) {
    const after = new Map<string, Known>();
    if (before === undefined) yield encodeRecord({ kind: 'full' });
    for (const found of await filesOf(place)) {
      const known = before?.get(found.name);
      if (known !== undefined && known.stamp === found.stamp) after.set(found.name, known);
      else yield* this.#file(found, known, (now) => after.set(found.name, now));
    }
    for (const name of before?.keys() ?? []) if (!after.has(name)) yield encodeRecord({ kind: 'gone', name });
    done(after);
    yield encodeRecord({ kind: 'end' });
  }

  async *#file(found: Found, known: Known | undefined, done: (now: Known) => void) {
    const { name, mode } = found;
    const settled = this.#now() - found.changedMs > TICK_MS;
    const parts: string[] = [];
    let size = 0;
    let said = known === undefined;
    const head = () =>
      encodeRecord({ kind: 'file', name, size: found.size, mode, fresh: known === undefined });
    if (said) yield head();
    const file = await open(found.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      for (;;) {
        const data = Buffer.allocUnsafeSlow(PART);
        const bytes = await fill(file, data, size);
        if (bytes === 0) break;
        const part = data.subarray(0, bytes);
        const digest = this.#digest(part, parts.length);
        if (known?.parts[parts.length] !== digest) {
          if (!said) yield head();
          said = true;
          yield encodeRecord({ kind: 'part', at: size, bytes });
          yield part;
        }
        parts.push(digest);
        size += bytes;
        if (bytes < PART) break;
      }
    } finally {
      await file.close();
    }
    // It was cut while it was read, or has other rights: said at its end, with the size that it has.
    if (said || size !== known?.size || mode !== known.mode)
      yield encodeRecord({ kind: 'file', name, size, mode, fresh: false });
    done({ stamp: settled ? found.stamp : undefined, size, mode, parts });
  }

  /** Short, as it is kept for each part; under a key that nobody has, so that nobody can make two that are alike. */
  #digest(part: Buffer, index: number): string {
    return tagOf(this.#digestKey, 0, index, [part]).toString('base64');
  }
}

/** Reads until the buffer is full or the file ends. @returns how many bytes */
async function fill(file: FileHandle, data: Buffer, position: number): Promise<number> {
  let bytes = 0;
  while (bytes < data.length) {
    const { bytesRead } = await file.read(data, bytes, data.length - bytes, position + bytes);
    if (bytesRead === 0) break;
    bytes += bytesRead;
  }
  return bytes;
}
