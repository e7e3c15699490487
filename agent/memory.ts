import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

const schema = z.record(
  z.string().regex(/^\d+$/),
  z.union([
    z.strictObject({ shard: z.string(), generation: z.string().optional() }),
    // As an older agent wrote it, which this one has replaced while it ran.
    z.string().transform((shard) => ({ shard, generation: undefined })),
  ]),
);

/** What is remembered of one slice. */
export interface Remembered {
  readonly shard: string;
  /** Of its application, as far as that tells. */
  readonly generation?: string;
}

/**
 * Which shard each slice serves, by its port: outlives the agent, not the boot, so that a slice of an instance that was
 * stopped never comes up in its old shard.
 */
export class SliceMemory {
  readonly #folder: string;
  #writing: Promise<void> = Promise.resolve();

  /** @param folder below /run, which is empty after a boot */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws when what is there is not what was written */
  async read(): Promise<ReadonlyMap<number, Remembered>> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw error;
    }
    const entries = Object.entries(schema.parse(JSON.parse(text)));
    return new Map(
      entries.map(([port, { shard, generation }]) => [
        Number(port),
        { shard, ...(generation !== undefined && { generation }) },
      ]),
    );
  }

  /** Whole or not at all. */
  write(slices: ReadonlyMap<number, Remembered>): Promise<void> {
    const text = JSON.stringify(Object.fromEntries(slices));
    const write = async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFile(`${this.#file}.new`, text);
      await rename(`${this.#file}.new`, this.#file);
    };
    // In the order of the calls, also after one that failed.
    const done = this.#writing.then(write, write);
    this.#writing = done.catch(() => {});
    return done;
  }

  get #file(): string {
    return join(this.#folder, 'slices.json');
  }
}
