import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CopyError, messageOf } from './errors.ts';

/** Longest chunk (bytes of state). */
export const MOST_CHUNK = 1_048_576;

/** Compression pays when this share or less is left. */
const PAYS = 0.8;
const SAMPLE = 4096;
/** Chunks that go unlooked at after one that did not compress, doubled each time, at most so many. */
const MOST_SKIPPED = 16;

const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const compress = promisify(zstdCompress);

/** One stream's chunks, compressed as long as a sample of them says that it pays. */
export class Packer {
  #skip = 0;
  #skipped = 0;

  /** @returns undefined: send it as it is */
  async pack(chunk: Uint8Array): Promise<Buffer | undefined> {
    if (chunk.length < 64 || !this.#looks(chunk)) return undefined;
    const packed = await compress(chunk, OPTIONS);
    return packed.length <= PAYS * chunk.length ? packed : undefined;
  }

  #looks(chunk: Uint8Array): boolean {
    if (this.#skipped < this.#skip) {
      this.#skipped += 1;
      return false;
    }
    const from = Math.max(0, Math.floor((chunk.length - SAMPLE) / 2));
    const sample = chunk.subarray(from, from + SAMPLE);
    const pays = zstdCompressSync(sample, OPTIONS).length <= PAYS * sample.length;
    this.#skipped = 0;
    this.#skip = pays ? 0 : Math.min(MOST_SKIPPED, 2 * this.#skip + 1);
    return pays;
  }
}

/** @throws {CopyError} `corrupt`: not what was packed, or of another length */
export function unpack(packed: Uint8Array, bytes: number): Buffer {
  if (!(bytes <= MOST_CHUNK))
    throw new CopyError('protocol', `chunk: expected at most ${MOST_CHUNK} bytes, got ${bytes}`);
  let raw: Buffer;
  try {
    raw = zstdDecompressSync(packed, { maxOutputLength: Math.max(1, bytes) });
  } catch (error) {
    throw new CopyError('corrupt', `chunk: does not unpack: ${messageOf(error)}`, error);
  }
  if (raw.length !== bytes)
    throw new CopyError('corrupt', `chunk: expected ${bytes} bytes, unpacked ${raw.length}`);
  return raw;
}
