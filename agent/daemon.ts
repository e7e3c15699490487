import type { AgentSlice, AgentState, Agents } from '../core/hand-over/agents.ts';
import type { ShardSettings } from '../core/settings/schema.ts';
import type { Seconds } from '../core/time.ts';
import type { App } from './contract.ts';
import type { AgentClock } from './gateway/clock.ts';
import type { Log } from './log.ts';
import type { Measure } from './measure.ts';
import type { SliceMemory } from './memory.ts';
import { type Metadata, watchNotices } from './metadata.ts';
import type { ActivatedBy, Host, Notice, Serving } from './serving.ts';
import type { KnownSettings } from './settings.ts';
import { hasState, Slices } from './slices.ts';
import { SliceStats } from './stats.ts';

export interface DaemonParts {
  readonly instance: string;
  /** Private address that other agents reach this one at. */
  readonly address: string;
  readonly transferPort: number;
  /** Of this process: a restarted agent holds nothing. */
  readonly bootId: string;
  /** Ports of the slices. */
  readonly ports: readonly number[];
  readonly agents: Pick<Agents, 'beat'>;
  readonly settings: KnownSettings;
  readonly app: (port: number, shard: ShardSettings) => App;
  readonly memory: SliceMemory;
  readonly metadata: Metadata;
  readonly measure: Pick<Measure, 'look'>;
  readonly serving: (host: Host) => Serving;
  readonly clock: AgentClock;
  readonly log: Log;
}

/** Of an instance on which no shard says otherwise. */
const LEASE: Seconds = 30;
/** Beats per lease: two may be lost. */
const BEATS = 3;
/** Between two beats when Spot takes the instance: what is wanted of it then is wanted soon. */
const HURRIED: Seconds = 2;
/** After a beat that failed. */
const AGAIN: Seconds = 1;

/**
 * The agent of one instance: beats, orders, notices, and the slices with what serves them.
 *
 * Invariants: `leaseUntil` as it is written never goes back, whatever the clock and the settings do; the lease that is
 * served on runs from before the beat was sent, on the monotonic clock. Nothing here ends because the table, the
 * metadata or the application do not answer.
 */
export class Daemon implements Host {
  readonly instance: string;
  readonly bootId: string;
  readonly serving: Serving;
  readonly #parts: DaemonParts;
  readonly #slices: Slices;
  readonly #stats: SliceStats;
  readonly #ending = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();
  #notice: Notice = {};
  #leaseUntil: Seconds = 0;
  #beating: Promise<boolean> | undefined;
  #next: Promise<boolean> | undefined;
  #wake = new AbortController();
  #failing = false;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.instance = parts.instance;
    this.bootId = parts.bootId;
    this.serving = parts.serving(this);
    this.#slices = new Slices({ ...parts, serving: this.serving });
    this.#stats = new SliceStats({ ...parts, saw: (slice, generation) => this.#saw(slice, generation) });
  }

  /** Resolves when what was active before is open again, or was tried to be. */
  async start(): Promise<void> {
    const { metadata, clock, log } = this.#parts;
    const signal = this.#ending.signal;
    await this.#slices.recall();
    this.#loops = Promise.all([
      this.#beats(signal),
      watchNotices({ metadata, clock, log }, (notice) => this.#noticed(notice), signal),
    ]);
    log.info('started', { instance: this.instance, bootId: this.bootId });
  }

  /** Serves no more, and hands nothing over: whoever stops the agent does not stop the application. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#wake.abort();
    await this.serving.stop();
    await this.#loops;
    this.#parts.log.info('stopped');
  }

  slices(): readonly string[] {
    return this.#slices.list().map(({ slice }) => slice);
  }

  async activate(slice: string, shard: string, by: ActivatedBy = 'control') {
    const active = await this.#slices.activate(slice, shard, by);
    this.#wake.abort();
    return active;
  }

  async deactivate(slice: string, shard?: string): Promise<void> {
    await this.#slices.deactivate(slice, shard);
    this.#wake.abort();
  }

  /** A beat that begins after this call. It fails as the table does. */
  async beat(): Promise<void> {
    if (!(await this.#soon())) throw new Error('the table did not take the beat');
  }

  status(): AgentState {
    return this.#state(this.#parts.clock.now());
  }

  async #beats(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const took = await this.#soon();
      const { clock } = this.#parts;
      const longest = this.#notice.noticeAt === undefined ? Number.POSITIVE_INFINITY : HURRIED;
      const pause = took ? Math.min(longest, this.#lease() / BEATS) : AGAIN;
      if (!signal.aborted && !this.#wake.signal.aborted)
        await clock.sleep(pause, this.#wake.signal).catch((error) => {
          if (!this.#wake.signal.aborted) throw error;
        });
    }
  }

  /** Joins the beat that is to begin next: one that is under way may have been made of what was before. */
  #soon(): Promise<boolean> {
    if (this.#beating === undefined) {
      this.#beating = this.#once().finally(() => {
        this.#beating = undefined;
      });
      return this.#beating;
    }
    this.#next ??= this.#beating.then(() => {
      this.#next = undefined;
      return this.#soon();
    });
    return this.#next;
  }

  async #once(): Promise<boolean> {
    const { agents, clock, log } = this.#parts;
    const lease = this.#lease();
    await this.#stats.refresh(this.#slices.list());
    const began = clock.monotonic();
    const at = clock.now();
    this.#leaseUntil = Math.max(this.#leaseUntil, at + lease);
    try {
      const orders = await agents.beat(this.#state(at));
      if (this.#failing) log.info('beats-again');
      this.#failing = false;
      if (!this.#ending.signal.aborted) {
        this.serving.beaten(orders, began, lease);
        // Not waited for: a hook may take longer than the lease lasts.
        void this.#slices.reopen();
        void this.#slices.follow();
      }
      return true;
    } catch (error) {
      if (!this.#failing) log.warn('beat-failed', { error });
      this.#failing = true;
      return false;
    }
  }

  #saw(slice: string, generation: string): void {
    // Until what is lost has been given back, an agent that comes next has to find it out, too.
    if (!this.serving.saw(slice, generation)) return;
    this.#slices.saw(slice, generation).catch((error: unknown) => {
      this.#parts.log.error('generation-not-remembered', { slice, error });
    });
  }

  #noticed(notice: Notice): void {
    this.#notice = notice;
    this.#parts.log.warn('notice', { ...notice });
    this.serving.noticed(notice);
    this.#wake.abort();
  }

  /** The shortest of the shards that need one. */
  #lease(): Seconds {
    const leases = this.#slices
      .list()
      .flatMap(({ active }) => (active && hasState(active.shard) ? [active.shard.handOver.lease] : []));
    return Math.min(...leases, ...(leases.length === 0 ? [LEASE] : []));
  }

  #state(at: Seconds): AgentState {
    const { instance, bootId, address, transferPort } = this.#parts;
    const slices: AgentSlice[] = this.#slices.list().map((one) => ({
      slice: one.slice,
      port: one.port,
      ...(one.active && { shard: one.active.shard.name }),
      ...this.#stats.of(one.port),
    }));
    return {
      instance,
      bootId,
      address,
      transferPort,
      at,
      leaseUntil: this.#leaseUntil,
      slices,
      ...this.#notice,
    };
  }
}
