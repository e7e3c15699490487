import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { expect } from 'vitest';

export const status = (httpStatusCode: number) =>
  new S3ServiceException({ name: `${httpStatusCode}`, $fault: 'client', $metadata: { httpStatusCode } });

/** One object of S3, with conditional reads and writes. */
export class OneObject {
  readonly #at: { readonly Bucket: string; readonly Key: string };
  text: string | undefined;
  version = 0;
  bodies = 0;

  constructor(Bucket: string, Key: string) {
    this.#at = { Bucket, Key };
  }

  put(text: string): void {
    this.text = text;
    this.version++;
  }

  readonly send = async (command: unknown) => {
    const ETag = `"${this.version}"`;
    if (command instanceof GetObjectCommand) {
      expect(command.input).toMatchObject(this.#at);
      const { text } = this;
      if (text === undefined) throw new NoSuchKey({ message: 'none', $metadata: { httpStatusCode: 404 } });
      if (command.input.IfNoneMatch === ETag) throw status(304);
      this.bodies++;
      return { ETag, Body: { transformToString: async () => text } };
    }
    if (!(command instanceof PutObjectCommand)) throw new TypeError('expected a Get or a Put');
    const { IfMatch, Body } = command.input;
    if (IfMatch !== undefined && IfMatch !== ETag) throw status(412);
    this.put(Body as string);
    return { ETag: `"${this.version}"` };
  };
}
