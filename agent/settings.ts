import { readFile } from 'node:fs/promises';
import { parseSettings } from '../core/settings/parse.ts';
import type { Settings, ShardSettings } from '../core/settings/schema.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import type { AgentClock } from './gateway/clock.ts';
import type { Log } from './log.ts';

/** Where the settings come from: the bucket or, in tests, a file. */
export type ReadSettings = () => Promise<Settings>;

export const settingsFile =
  (file: string): ReadSettings =>
  async () =>
    parseSettings(await readFile(file, 'utf8'), file);

/** How old settings may be before they are read again. */
const FRESH: Seconds = 5 * MINUTE;

/** The settings as the agent knows them: read every few minutes; what cannot be read leaves the last known in force. */
export class KnownSettings {
  readonly #read: ReadSettings;
  readonly #clock: AgentClock;
  readonly #log: Log;
  #known: { readonly settings: Settings; readonly at: Seconds } | undefined;

  constructor(read: ReadSettings, clock: AgentClock, log: Log) {
    this.#read = read;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * @param fresh how old they may be (s)
   * @throws what reading throws when none are known yet
   */
  async get(fresh: Seconds = FRESH): Promise<Settings> {
    const known = this.#known;
    const now = this.#clock.monotonic();
    if (known !== undefined && now - known.at < fresh) return known.settings;
    try {
      const settings = await this.#read();
      this.#known = { settings, at: now };
      return settings;
    } catch (error) {
      if (known === undefined) throw error;
      this.#log.warn('settings-unreadable', { error });
      return known.settings;
    }
  }

  /**
   * One shard; one that is not known yet may have come just now.
   * @throws {RangeError} when the settings have no such shard
   */
  async shard(name: string): Promise<ShardSettings> {
    const find = (settings: Settings) => settings.shards.find((shard) => shard.name === name);
    const found = find(await this.get()) ?? find(await this.get(0));
    if (found === undefined) throw new RangeError(`shard: expected one of the settings, got ${name}`);
    return found;
  }
}
