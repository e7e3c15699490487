import { createHash } from 'node:crypto';
import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';

/** S3 in memory, as far as settings need it: get with IfNoneMatch, put with IfMatch. */
export class Bucket {
  readonly #objects = new Map<string, string>();

  put(bucket: string, key: string, text: string): void {
    this.#objects.set(`${bucket}/${key}`, text);
  }

  text(bucket: string, key: string): string | undefined {
    return this.#objects.get(`${bucket}/${key}`);
  }

  etag(bucket: string, key: string): string {
    return etagOf(this.text(bucket, key) ?? '');
  }

  // biome-ignore lint/suspicious/noExplicitAny: it stands for the SDK's overloads
  send = async (command: any): Promise<any> => {
    const { Bucket: bucket, Key: key, Body, IfMatch, IfNoneMatch } = command.input;
    const there = this.text(bucket, key);
    if (command instanceof PutObjectCommand) {
      if (IfMatch !== undefined && IfMatch !== etagOf(there ?? '')) throw status(412);
      this.put(bucket, key, Body);
      return { ETag: etagOf(Body) };
    }
    if (!(command instanceof GetObjectCommand)) throw new TypeError(`no ${command.constructor.name} here`);
    if (there === undefined) throw new NoSuchKey({ message: `no ${key}`, $metadata: {} });
    if (IfNoneMatch === etagOf(there)) throw status(304);
    return { ETag: etagOf(there), Body: { transformToString: async () => there } };
  };
}

const etagOf = (text: string) => `"${createHash('md5').update(text).digest('hex')}"`;
const status = (httpStatusCode: number) =>
  Object.assign(new Error(`status ${httpStatusCode}`), { $metadata: { httpStatusCode } });
