import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';

/** Forecaster states of one chunk of shards, by shard. */
export type States = ReadonlyMap<string, Uint8Array>;

const WIDTH = 4;
const SIZES = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'no JSON' });
      return z.NEVER;
    }
  })
  .pipe(z.array(z.tuple([z.string(), z.int().min(0)])));

/** What the forecasters have learned: an object per chunk of shards in the service's bucket. */
export class ForecasterStates {
  readonly #client: Pick<S3Client, 'send'>;
  readonly #bucket: string;

  constructor(client: Pick<S3Client, 'send'>, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  /** Undefined when there is none yet, or when it is damaged: then the forecasters are fed from history. */
  async read(chunk: number): Promise<States | undefined> {
    try {
      const answer = await this.#client.send(new GetObjectCommand(this.#at(chunk)));
      return unpack((await answer.Body?.transformToByteArray()) ?? new Uint8Array(0));
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async write(chunk: number, states: States): Promise<void> {
    await this.#client.send(new PutObjectCommand({ ...this.#at(chunk), Body: pack(states) }));
  }

  #at(chunk: number) {
    return { Bucket: this.#bucket, Key: `forecasters/${chunk}` };
  }
}

/** Length of a JSON header, the header (`[[shard, bytes], …]`), then the states one after the other. */
export function pack(states: States): Uint8Array {
  const sizes = [...states].map(([shard, bytes]) => [shard, bytes.length] as const);
  const header = new TextEncoder().encode(JSON.stringify(sizes));
  const whole = new Uint8Array(WIDTH + header.length + sizes.reduce((sum, [, bytes]) => sum + bytes, 0));
  new DataView(whole.buffer).setUint32(0, header.length);
  whole.set(header, WIDTH);
  let at = WIDTH + header.length;
  for (const bytes of states.values()) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}

/** Undefined for what {@link pack} did not make. */
export function unpack(whole: Uint8Array): States | undefined {
  if (whole.length < WIDTH) return undefined;
  let at = WIDTH + new DataView(whole.buffer, whole.byteOffset).getUint32(0);
  const header = new TextDecoder().decode(whole.subarray(WIDTH, at));
  const sizes = SIZES.safeParse(header);
  if (!sizes.success) return undefined;
  const states = new Map<string, Uint8Array>();
  for (const [shard, size] of sizes.data) {
    states.set(shard, whole.subarray(at, at + size));
    at += size;
  }
  return at === whole.length ? states : undefined;
}
