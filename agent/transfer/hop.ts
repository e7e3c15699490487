import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { CopyError } from './errors.ts';
import { hopKey } from './keys.ts';

/** Where both agents can leave bytes for each other. Errors of the store are thrown. */
export interface HopStore {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Undefined: not there. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keys that begin so, all of them. */
  list(prefix: string): Promise<readonly string[]>;
  /** What is not there is no error. */
  delete(keys: readonly string[]): Promise<void>;
}

export type HopEnd = 'source' | 'target';

/** Everything of the hop is below this, so that a rule of the bucket can clear away what was left. */
export const HOP_PREFIX = 'hand-overs/';

/** `hand-overs/<hand-over>/<copy>/<who wrote it>/<number>`; ids may have characters that paths should not. */
export const hopPrefix = (id: string) => `${HOP_PREFIX}${Buffer.from(id).toString('base64url')}/`;
export const hopObject = (id: string, nonce: string, from: HopEnd, number: number) =>
  `${hopPrefix(id)}${nonce}/${from}/${String(number).padStart(9, '0')}`;

/** Names a copy. @param now ms */
export const hopNonce = (now: number) =>
  Buffer.concat([Buffer.from(now.toString(16).padStart(12, '0'), 'hex'), randomBytes(10)]);

/**
 * The newest copy of a hand-over that nobody has begun to read: the first object of the others is deleted.
 * @returns its nonce
 */
export async function unreadHop(store: HopStore, id: string): Promise<string | undefined> {
  const names = (await store.list(hopPrefix(id))).map((key) => key.slice(hopPrefix(id).length).split('/'));
  const unread = names.filter(([, from, number]) => from === 'source' && Number(number) === 1);
  const nonces = unread.map(([nonce]) => nonce!).filter((nonce) => /^[0-9a-f]{32}$/.test(nonce));
  return nonces.sort().at(-1);
}

const IV = 12;
const TAG = 16;

/**
 * Objects are encrypted and authenticated (AES-256-GCM) under a key of their hand-over, copy and direction, together with
 * their name: one that was changed, exchanged or repeated does not open.
 */
export class HopSeal {
  readonly #key: Buffer;

  constructor(secret: Uint8Array, nonce: string, from: HopEnd) {
    this.#key = hopKey(secret, nonce, from);
  }

  seal(name: string, pieces: readonly Uint8Array[]): Buffer {
    const iv = randomBytes(IV);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(name));
    const sealed = pieces.map((piece) => cipher.update(piece));
    return Buffer.concat([iv, ...sealed, cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws {CopyError} `corrupt` */
  open(name: string, sealed: Uint8Array): Buffer {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length);
    if (bytes.length < IV + TAG)
      throw new CopyError('corrupt', `${name}: ${bytes.length} bytes are no object`);
    const cipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, IV), { authTagLength: TAG });
    cipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(-TAG));
    try {
      return Buffer.concat([cipher.update(bytes.subarray(IV, -TAG)), cipher.final()]);
    } catch (error) {
      throw new CopyError('corrupt', `${name}: not what the other agent wrote`, error);
    }
  }
}
