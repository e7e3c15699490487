import { Readable } from 'node:stream';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';

/** S3 takes so many keys in one request. */
const MOST_KEYS = 1000;
/** Bytes of one object that is read: twice what an agent writes. */
const MOST_BYTES = 8_388_608;

/**
 * State on its way between two agents that cannot reach each other: objects of a bucket. A role that may not list the
 * bucket gets 403 for a key that is not there, so `s3:ListBucket` is needed.
 */
export class S3HopStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: bytes }));
  }

  /**
   * Whole, or not at all: whoever may write into the bucket must not get more into memory than an agent would.
   * @returns undefined: there is no such object
   * @throws {RangeError} when it is larger than {@link MOST_BYTES}, whether its head says so or not
   */
  async get(key: string): Promise<Uint8Array | undefined> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    try {
      const { Body, ContentLength } = await this.#client.send(command);
      if (!(Body instanceof Readable)) return undefined;
      return await bounded(Body, ContentLength, `s3://${this.#bucket}/${key}`);
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    const keys: string[] = [];
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix: prefix });
    for await (const { Contents = [] } of pages) keys.push(...Contents.flatMap(({ Key }) => Key ?? []));
    return keys;
  }

  /** @throws {Error} that names the first key that could not be deleted */
  async delete(keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += MOST_KEYS) {
      const Objects = keys.slice(from, from + MOST_KEYS).map((Key) => ({ Key }));
      const { Errors = [] } = await this.#client.send(
        new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }),
      );
      const [first] = Errors;
      if (first !== undefined)
        throw new Error(`s3://${this.#bucket}/${first.Key}: not deleted: ${first.Message}`);
    }
  }
}

async function bounded(body: Readable, said: number | undefined, name: string): Promise<Uint8Array> {
  const tooLarge = (bytes: number | string) =>
    new RangeError(`${name}: ContentLength: expected at most ${MOST_BYTES} bytes, got ${bytes}`);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    if (said !== undefined && said > MOST_BYTES) throw tooLarge(said);
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      bytes += piece.length;
      if (bytes > MOST_BYTES) throw tooLarge('more');
      pieces.push(piece);
    }
  } finally {
    // What is not read would keep its connection.
    body.destroy();
  }
  return Buffer.concat(pieces, bytes);
}
