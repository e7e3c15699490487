import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { pack, type States, unpack } from './forecaster-states.ts';

/** In the service's bucket. */
const KEY = 'proposals/trackers';

/** What is known of the keys of each shard: one object, at most 30 KB for a shard that has keys. */
export class KeyTrackers {
  readonly #client: Pick<S3Client, 'send'>;
  readonly #bucket: string;

  constructor(client: Pick<S3Client, 'send'>, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  /** Undefined when there is none yet, or when it is damaged: the trackers begin anew. */
  async read(): Promise<States | undefined> {
    try {
      const answer = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: KEY }));
      return unpack((await answer.Body?.transformToByteArray()) ?? new Uint8Array(0));
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async write(states: States): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: KEY, Body: pack(states) }));
  }
}
