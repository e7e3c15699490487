import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { parseSettings } from '../../core/settings/parse.ts';
import type { Settings } from '../../core/settings/schema.ts';

export const SETTINGS_KEY = 'settings.yaml';

/** The deployed settings at one moment. */
export interface DeployedSettings {
  readonly settings: Settings;
  readonly text: string;
  /** Another one after every change of the text. */
  readonly etag: string;
}

export class SettingsMissing extends Error {
  override readonly name = 'SettingsMissing';
}

/** Somebody else has written settings since they were read. */
export class SettingsChanged extends Error {
  override readonly name = 'SettingsChanged';
}

/** The settings of the deployed service: one object in the service's bucket, read again only when it has changed. */
export class SettingsStore {
  readonly #client: Pick<S3Client, 'send'>;
  readonly #bucket: string;
  #known: DeployedSettings | undefined;

  constructor(client: Pick<S3Client, 'send'>, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  /** @throws {SettingsMissing} before the first write, {SettingsError} when what is there is wrong. */
  async read(): Promise<DeployedSettings> {
    const at = { Bucket: this.#bucket, Key: SETTINGS_KEY };
    try {
      const answer = await this.#client.send(
        new GetObjectCommand({ ...at, ...(this.#known && { IfNoneMatch: this.#known.etag }) }),
      );
      const text = (await answer.Body?.transformToString('utf-8')) ?? '';
      const settings = parseSettings(text, this.#name);
      this.#known = { settings, text, etag: answer.ETag ?? '' };
    } catch (error) {
      // The SDK has no error of its own for 304.
      if (statusOf(error) === 304 && this.#known !== undefined) return this.#known;
      if (error instanceof NoSuchKey)
        throw new SettingsMissing(
          `${this.#name}: not there; a deploy or \`foreshard settings --put\` writes it`,
        );
      throw error;
    }
    return this.#known;
  }

  /**
   * Writes settings that are right, and only these.
   * @param file name for messages
   * @param over ETag of what they replace; without it they replace whatever is there
   * @throws {SettingsError} when they are wrong, {SettingsChanged} when `over` is not what is there.
   */
  async write(text: string, file: string, over?: string): Promise<DeployedSettings> {
    const settings = parseSettings(text, file);
    try {
      const { ETag = '' } = await this.#client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: SETTINGS_KEY,
          Body: text,
          ContentType: 'application/yaml',
          ...(over !== undefined && { IfMatch: over }),
        }),
      );
      this.#known = { settings, text, etag: ETag };
      return this.#known;
    } catch (error) {
      // 412: another ETag. 409: another write at the same moment. 404: deleted meanwhile.
      if (over === undefined || ![404, 409, 412].includes(statusOf(error) ?? 0)) throw error;
      throw new SettingsChanged(`${this.#name}: changed since it was read; read it and write again`);
    }
  }

  get #name(): string {
    return `s3://${this.#bucket}/${SETTINGS_KEY}`;
  }
}

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
