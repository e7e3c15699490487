import { Readable } from 'node:stream';
import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { S3HopStore } from '../../../adapters/aws/hand-over/hop-store.ts';

const MIB = 1024 * 1024;

/** A bucket with one object, as its client sees it. */
function storeOf(Body: Readable | undefined, ContentLength?: number): S3HopStore {
  const client = new S3Client({ region: 'eu-central-1' });
  client.send = (async (command: unknown) => {
    expect(command).toBeInstanceOf(GetObjectCommand);
    if (Body === undefined) throw new NoSuchKey({ message: 'none', $metadata: {} });
    return { Body, ContentLength };
  }) as never;
  return new S3HopStore(client, 'b');
}

/** Endless pieces of a mebibyte; counts them. */
function endless() {
  const seen = { pieces: 0 };
  const body = new Readable({
    highWaterMark: 1,
    read() {
      seen.pieces += 1;
      this.push(Buffer.alloc(MIB));
    },
  });
  return { body, seen };
}

describe('S3HopStore', () => {
  it('reads an object whole', async () => {
    const body = Readable.from([Buffer.from('ab'), Buffer.from('cd')]);
    expect(await storeOf(body, 4).get('k')).toEqual(Buffer.from('abcd'));
    expect(body.destroyed).toBe(true);
  });

  it('says that there is none', async () => {
    expect(await storeOf(undefined).get('k')).toBeUndefined();
  });

  it('reads nothing of one whose head says that it is too large', async () => {
    const { body, seen } = endless();
    await expect(storeOf(body, 9 * MIB).get('k')).rejects.toThrow(
      new RangeError('s3://b/k: ContentLength: expected at most 8388608 bytes, got 9437184'),
    );
    expect(seen.pieces).toBe(0);
    expect(body.destroyed).toBe(true);
  });

  it('stops reading one that is larger than its head says', async () => {
    const { body, seen } = endless();
    await expect(storeOf(body, 10).get('k')).rejects.toThrow('expected at most 8388608 bytes, got more');
    expect(seen.pieces).toBeLessThan(12);
    expect(body.destroyed).toBe(true);
  });
});
