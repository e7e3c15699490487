import type { Measured } from '../../core/capacity/plan.ts';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import type { LoadMetrics, ShardStore } from '../../core/ports.ts';
import type { KnownRoute } from '../../core/routes/seen.ts';
import { metricLag } from '../../core/settings/metric-lag.ts';
import type { Settings, ShardSettings } from '../../core/settings/schema.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import { type Ask, hostsOf, loadOf, machineOf, pressureOf } from './cloudwatch-asks.ts';
import { readLoad, SETTLE, windowsOf, withSilence } from './cloudwatch-history.ts';
import { Answers, healthyIn, measuredOf } from './cloudwatch-measure.ts';
import { type Answer, batchesOf, type CloudWatch, readMetrics, type Window } from './cloudwatch-read.ts';
import { LoadMinutes } from './load-minutes.ts';
import { readRoutes } from './route-items.ts';
import type { Table } from './table.ts';

export interface CloudWatchMetricsParts extends CloudWatch {
  readonly table: Pick<Table, 'query'>;
  readonly settings: Settings;
  /** Who serves what; asked only with `metrics.hosts`. */
  readonly store: Pick<ShardStore, 'slices'>;
}

/** What was last heard of a shard. */
interface Known {
  readonly at: Seconds;
  /** Of the newest minute that was asked for. */
  readonly end: Seconds;
  readonly measured: Measured;
}

/** Minutes that each question covers, so that a late point is still seen. */
const LOOK_BACK: Seconds = 10 * MINUTE;
/** A tick cannot wait longer for CloudWatch; a forecast can. */
const TICK_PATIENCE: Seconds = 15;
const HISTORY_PATIENCE: Seconds = 2 * MINUTE;
/** Target groups change seldom; a new shard is late for so long at most. */
const ROUTES_KEPT: Seconds = 5 * MINUTE;

/**
 * {@link LoadMetrics} of what AWS measures. Per shard one metric (requests), a second one where it was silent, others
 * where the settings ask for them. Each metric asked for costs, so a question covers ten minutes, and with
 * `metrics.every` above a minute shards are asked in turn.
 *
 * Invariants: a minute that is not complete is never used; a minute without requests is zero only when hosts were
 * counted in it, and a minute later than a busy one. What cannot be read leaves the shard as it was, that is late.
 */
export class CloudWatchMetrics implements LoadMetrics {
  /** Minutes of load that {@link measured} brought, to be recorded. */
  readonly minutes = new LoadMinutes();
  readonly #parts: CloudWatchMetricsParts;
  /** Of each shard in the settings. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #known = new Map<string, Known>();
  /** By shard: up to this minute it is known what was. */
  readonly #settled = new Map<string, Seconds>();
  #routes: { readonly at: Seconds; readonly byShard: ReadonlyMap<string, KnownRoute> } | undefined;

  constructor(parts: CloudWatchMetricsParts) {
    this.#parts = parts;
    this.#places = new Map(parts.settings.shards.map(({ name }, i) => [name, i]));
  }

  async history(shard: string, from: Seconds, to: Seconds): Promise<readonly LoadPoint[]> {
    const settings = this.#settingsOf(shard);
    const route = (await this.#routesNow()).get(shard);
    const load = loadOf(settings, route);
    if (load === undefined) return [];
    const hosts = hostsOf(shard, route, settings);
    const now = this.#parts.clock.now();
    const points: LoadPoint[] = [];
    for (const window of windowsOf(from, to, now, this.#complete()))
      points.push(...(await readLoad(this.#parts, { load, hosts }, window, now + HISTORY_PATIENCE)));
    return points;
  }

  async measured(shards: readonly string[]): Promise<readonly Measured[]> {
    const now = this.#parts.clock.now();
    const due = shards.filter((shard) => this.#isDue(shard, now)).map((shard) => this.#settingsOf(shard));
    if (due.length > 0) {
      const end = this.#complete();
      const back = Math.max(LOOK_BACK, 2 * this.#every);
      const window = { from: end - back, end, period: MINUTE };
      await this.#ask(due, window, now);
    }
    return shards.map((shard) => this.#known.get(shard)?.measured ?? { shard });
  }

  async #ask(due: readonly ShardSettings[], window: Window, now: Seconds): Promise<void> {
    const routes = await this.#routesNow();
    const serving = await this.#serving();
    const asks = due.flatMap((shard) => {
      const route = routes.get(shard.name);
      const load = loadOf(shard, route);
      if (load === undefined)
        this.#parts.warn(`load of ${shard.name}: no load balancer uses its target group`);
      return load === undefined ? pressureOf(shard, route) : [load, ...pressureOf(shard, route)];
    });
    const machines = [...new Set(due.flatMap(({ name }) => serving.get(name) ?? []))].flatMap(machineOf);
    const answers = await this.#read([...asks, ...machines], window, now);
    const silent = new Set<string>();
    for (const { name } of due) if (this.#hasGap(name, answers.one(name, 'load'), window)) silent.add(name);
    const counted = await this.#read(
      due.flatMap((shard) => {
        // In a group of others', what serves is known from there only.
        const isAsked = silent.has(shard.name) || shard.targetGroup !== undefined;
        return (isAsked && hostsOf(shard.name, routes.get(shard.name), shard)) || [];
      }),
      window,
      now,
    );
    const corrected: Seconds[] = [];
    for (const { name, targetGroup } of due) {
      const load = answers.one(name, 'load');
      if (load === undefined) continue;
      const hosts = counted.one(name, 'hosts');
      const isSilent = hosts !== undefined && silent.has(name);
      const points = isSilent ? withSilence(load, hosts, window.end - SETTLE) : load.points;
      corrected.push(...this.minutes.add(name, points));
      this.#settle(name, points, window);
      const newest = this.#newestOf(name, points.at(-1));
      const measured = {
        ...measuredOf(name, newest, answers, serving.get(name) ?? [], window.end),
        ...(targetGroup !== undefined && healthyIn(hosts, window.end)),
      };
      this.#known.set(name, { at: now, end: window.end, measured });
    }
    if (corrected.length > 0) this.#warnEarly(corrected, now);
  }

  /** A minute was taken for complete and was not: the load that was planned with was wrong. */
  #warnEarly(corrected: readonly Seconds[], now: Seconds): void {
    const late = Math.ceil((now - Math.max(...corrected) - MINUTE) / MINUTE) * MINUTE;
    const delay = metricLag(this.#parts.settings);
    this.#parts.warn(
      `load: CloudWatch has corrected ${corrected.length} minutes after they were used; metrics.delay: expected ${late} or more, got ${delay}`,
    );
  }

  /** One failed call leaves its shards late; it does not keep the others from being planned. */
  async #read(asks: readonly Ask[], window: Window, now: Seconds): Promise<Answers> {
    const read = async (batch: readonly Ask[]) => {
      try {
        return [...(await readMetrics(this.#parts, batch, window, now + TICK_PATIENCE))];
      } catch (error) {
        this.#parts.warn(`GetMetricData of ${batch.length} metrics: ${error}`);
        return [];
      }
    };
    return new Answers((await Promise.all(batchesOf(asks).map(read))).flat());
  }

  /** Whether of a minute that is not settled nothing was told. */
  #hasGap(shard: string, load: Answer | undefined, { from, end }: Window): boolean {
    if (!load?.complete) return false;
    const next = Math.max(from, (this.#settled.get(shard) ?? 0) + MINUTE);
    return load.points.filter(({ time }) => time >= next).length < (end - next) / MINUTE;
  }

  #settle(shard: string, points: readonly LoadPoint[], { from }: Window): void {
    let settled = Math.max(from - MINUTE, this.#settled.get(shard) ?? 0);
    for (const { time } of points) if (time === settled + MINUTE) settled = time;
    this.#settled.set(shard, settled);
  }

  /**
   * Above a minute shards are asked in turn, by their place in the settings, so that each minute costs the same; one
   * whose turn was missed, because a tick was, is asked at the next.
   */
  #isDue(shard: string, now: Seconds): boolean {
    const known = this.#known.get(shard);
    if (known === undefined) return true;
    // A second tick in the same minute learns nothing new.
    if (known.end === this.#complete()) return false;
    const turns = Math.ceil(this.#every / MINUTE);
    if (now - known.at > this.#every + MINUTE / 2) return true;
    return Math.floor(now / MINUTE) % turns === this.#places.get(shard)! % turns;
  }

  /** When the newest minute ended that is complete. */
  #complete(): Seconds {
    const { clock, settings } = this.#parts;
    return Math.floor((clock.now() - metricLag(settings)) / MINUTE) * MINUTE;
  }

  /** What was known before stays where less is told now. */
  #newestOf(shard: string, told: LoadPoint | undefined): LoadPoint | undefined {
    const { time, load } = this.#known.get(shard)?.measured ?? {};
    if (time === undefined || load === undefined || (told !== undefined && told.time >= time)) return told;
    return { time, load };
  }

  async #routesNow(): Promise<ReadonlyMap<string, KnownRoute>> {
    const now = this.#parts.clock.now();
    if (this.#routes === undefined || now - this.#routes.at > ROUTES_KEPT) {
      const routes = await readRoutes(this.#parts.table);
      this.#routes = { at: now, byShard: new Map(routes.map((route) => [route.shard, route])) };
    }
    return this.#routes.byShard;
  }

  /** Instances that serve each shard; none where the settings do not ask for their CPU and memory. */
  async #serving(): Promise<ReadonlyMap<string, readonly string[]>> {
    const serving = new Map<string, string[]>();
    if (!this.#parts.settings.metrics.hosts) return serving;
    for (const { slice, placement } of await this.#parts.store.slices()) {
      if (placement.kind !== 'active') continue;
      const { instance } = parseSliceId(slice);
      const list = serving.get(placement.shard) ?? [];
      if (!list.includes(instance)) serving.set(placement.shard, [...list, instance]);
    }
    return serving;
  }

  get #every(): Seconds {
    return this.#parts.settings.metrics.every;
  }

  /** @throws {RangeError} for a shard that the settings do not name. */
  #settingsOf(shard: string): ShardSettings {
    const place = this.#places.get(shard);
    const settings = place === undefined ? undefined : this.#parts.settings.shards[place];
    if (settings === undefined) throw new RangeError(`load: expected a shard of the settings, got ${shard}`);
    return settings;
  }
}
