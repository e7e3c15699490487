import { CopyError } from './errors.ts';
import { TAG_BYTES } from './keys.ts';

/** What is said of a chunk. */
export interface ChunkMeta {
  /** Of state, unpacked. */
  readonly bytes: number;
  readonly packed: boolean;
  readonly tag: Uint8Array;
}

const BYTES = 5 + TAG_BYTES;

export function encodeChunk({ bytes, packed, tag }: ChunkMeta): Buffer {
  const meta = Buffer.alloc(BYTES);
  meta.writeUInt32BE(bytes, 0);
  meta[4] = packed ? 1 : 0;
  meta.set(tag, 5);
  return meta;
}

/** @throws {CopyError} `protocol` */
export function decodeChunk(meta: Uint8Array): ChunkMeta {
  if (meta.length !== BYTES)
    throw new CopyError('protocol', `chunk: expected ${BYTES} bytes of meta, got ${meta.length}`);
  const view = Buffer.from(meta.buffer, meta.byteOffset, meta.length);
  return { bytes: view.readUInt32BE(0), packed: view[4] === 1, tag: view.subarray(5) };
}

/** What the tag that closes a set is made over. */
export function endOf(chunks: number, bytes: number): Buffer {
  const end = Buffer.alloc(16);
  end.writeBigUInt64BE(BigInt(chunks), 0);
  end.writeBigUInt64BE(BigInt(bytes), 8);
  return end;
}
