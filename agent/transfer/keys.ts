import { createCipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { CopyError } from './errors.ts';

/** Fewer bytes of a secret could be guessed. */
const LEAST_SECRET = 16;

/** @throws {CopyError} `protocol` */
export function checkSecret(secret: Uint8Array): void {
  const bytes = secret instanceof Uint8Array ? secret.length : 0;
  if (bytes < LEAST_SECRET)
    throw new CopyError('protocol', `secret: expected at least ${LEAST_SECRET} bytes, got ${bytes}`);
}

const derive = (secret: Uint8Array, salt: Uint8Array | string, purpose: string, bytes: number) => {
  checkSecret(secret);
  return Buffer.from(hkdfSync('sha256', secret, salt, `foreshard ${purpose}`, bytes));
};

/** Pre-shared key of one flow of one hand-over. */
export const flowKey = (secret: Uint8Array, id: string, flow: number) =>
  derive(secret, id, `copy flow ${flow}`, 32);

/** Key of the tags of one copy; `nonce` is new for each, so that no tag is ever made twice under one key. */
export const tagKey = (secret: Uint8Array, nonce: Uint8Array): KeyObject =>
  createSecretKey(derive(secret, nonce, 'copy tags', 16));

/** Key under which a copy goes through an object store, one for each direction. */
export const hopKey = (secret: Uint8Array, id: string, direction: string) =>
  derive(secret, id, `copy hop ${direction}`, 32);

export const TAG_BYTES = 16;
/** Index of the tag that closes a set; chunks have lower ones. */
export const END_INDEX = 0xffff_ffff;

/**
 * Keyed hash of one chunk at its place (set and index), made where the state is read and verified before it is applied:
 * what was changed, left out, repeated or moved has another one. GMAC, because it costs a tenth of SHA-256 here
 * (15 GB/s against 1.7 on one core) and a copy has to keep up with the link. A key of bytes would be made a key object each
 * time, which costs as much as the hash.
 */
export function tagOf(key: KeyObject, set: number, index: number, pieces: readonly Uint8Array[]): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(set, 0);
  nonce.writeUInt32BE(index, 4);
  const mac = createCipheriv('aes-128-gcm', key, nonce);
  for (const piece of pieces) mac.setAAD(piece);
  mac.final();
  return mac.getAuthTag();
}
