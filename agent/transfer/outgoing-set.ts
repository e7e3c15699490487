import type { KeyObject } from 'node:crypto';
import type { Changes, StateSource } from '../contract.ts';
import { ChunkBuffers } from './chunk-buffers.ts';
import { encodeChunk, endOf } from './chunk-meta.ts';
import { CopyError, copyError } from './errors.ts';
import { free } from './free.ts';
import { END_INDEX, tagOf } from './keys.ts';
import type { Link } from './link.ts';
import { jsonMessage, MESSAGE } from './messages.ts';
import { Packer } from './pack.ts';
import { Window } from './window.ts';

export interface OutgoingSet {
  readonly link: Link;
  readonly key: KeyObject;
  readonly set: number;
  readonly slot: number;
  readonly since: string | undefined;
  readonly source: StateSource;
  readonly signal: AbortSignal;
  /** Settles with what the target made of the set. */
  readonly answer: Promise<void>;
  /** Counts what the target is done with. */
  readonly acknowledged: { bytes: number; wireBytes: number };
  readonly chunkBytes: number;
  readonly windowBytes: number;
}

export interface SentSet {
  readonly token: string;
  readonly bytes: number;
  readonly wireBytes: number;
}

/**
 * Sends what changed in one slot, and waits until it is applied.
 * @throws {CopyError} `source`, `sink`, `corrupt`, `aborted`, `lost`; the target has then been told to forget the set
 */
export async function sendSet(one: OutgoingSet): Promise<SentSet> {
  const { link, set, slot, since, answer, signal } = one;
  // Told early that the target has failed, nothing more is read or sent.
  const stop = new AbortController();
  const signals = AbortSignal.any([signal, stop.signal]);
  answer.catch((error) => stop.abort(error));
  let opened = false;
  try {
    const changes = await one.source.changes(slot, since, signals);
    opened = true;
    link.send(jsonMessage(MESSAGE.open, set, { slot, full: since === undefined }));
    const { bytes, wireBytes, counted } = await sendChunks(one, changes, signals);
    await answer;
    counted();
    return { token: changes.token, bytes, wireBytes };
  } catch (error) {
    if (opened && !stop.signal.aborted) link.send(jsonMessage(MESSAGE.cancel, set));
    if (stop.signal.aborted) throw copyError('lost', stop.signal.reason);
    if (signal.aborted) throw copyError('aborted', signal.reason);
    throw copyError('source', error);
  }
}

async function sendChunks(one: OutgoingSet, changes: Changes, signal: AbortSignal) {
  const { link, key, set } = one;
  const { stream } = changes;
  const packer = new Packer();
  const buffers = new ChunkBuffers(Math.min(one.chunkBytes, changes.bytes || one.chunkBytes));
  const window = new Window(one.windowBytes, signal);
  const cut = () => stream.destroy(signal.reason);
  signal.addEventListener('abort', cut);
  let index = 0;
  let bytes = 0;
  let wireBytes = 0;
  let left = { bytes: 0, wireBytes: 0 };
  const count = (taken: number, wire: number) => {
    // Of a set that is answered, late acknowledgements say nothing new.
    if (left.bytes < taken) return;
    left = { bytes: left.bytes - taken, wireBytes: left.wireBytes - wire };
    one.acknowledged.bytes += taken;
    one.acknowledged.wireBytes += wire;
  };
  try {
    if (signal.aborted) throw signal.reason;
    for await (const chunk of chunksOf(changes, buffers)) {
      const { length } = chunk;
      const packed = await packer.pack(chunk);
      const body = packed ?? chunk;
      const wire = body.length;
      await window.take(length);
      await link.room();
      left.bytes += length;
      left.wireBytes += wire;
      const meta = encodeChunk({
        bytes: length,
        packed: packed !== undefined,
        tag: tagOf(key, set, index, [chunk]),
      });
      if (packed !== undefined) buffers.give(chunk);
      link.send({ type: MESSAGE.chunk, number: set, meta, body: [body] }, (again) => {
        // Sent once more, it may still wait in a connection that was lost.
        if (packed === undefined && !again) buffers.give(chunk);
        count(length, wire);
        window.give(length);
      });
      index += 1;
      bytes += length;
      wireBytes += wire;
    }
  } finally {
    signal.removeEventListener('abort', cut);
    stream.destroy();
    buffers.close();
  }
  const tag = tagOf(key, set, END_INDEX, [endOf(index, bytes)]).toString('hex');
  link.send(jsonMessage(MESSAGE.end, set, { chunks: index, bytes, tag }));
  return { bytes, wireBytes, counted: () => count(left.bytes, left.wireBytes) };
}

/** A stream in chunks, the last one shorter. What it brings is copied, and where that is allowed freed at once. */
async function* chunksOf({ stream, owned }: Changes, buffers: ChunkBuffers) {
  let chunk = buffers.take();
  let length = 0;
  for await (const data of stream) {
    if (!Buffer.isBuffer(data)) throw new CopyError('source', `changes: expected bytes, got ${typeof data}`);
    for (let at = 0; at < data.length; ) {
      const copied = data.copy(chunk, length, at);
      at += copied;
      length += copied;
      if (length < chunk.length) continue;
      yield chunk;
      chunk = buffers.take();
      length = 0;
    }
    if (owned) free(data);
  }
  if (length > 0) yield chunk.subarray(0, length);
}
