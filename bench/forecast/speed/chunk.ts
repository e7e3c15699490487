import type { LoadPoint } from '../../../core/forecast/forecast.ts';
import { settingsSchema } from '../../../core/settings/schema.ts';
import { DAY, MINUTE, type Seconds, WEEK } from '../../../core/time.ts';
import { CHUNK_SHARDS, type ForecastParts, forecastChunk } from '../../../flows/forecast.ts';

/** Midnight, a Monday. */
const START: Seconds = 1_767_571_200;
const LEARNED = 3 * WEEK;

export interface Ran {
  /** Shards forecast, each with its state read and written. */
  readonly shards: number;
  /** CPU time of all threads of the process, s. */
  readonly cpuSeconds: number;
  /** On the wall clock, s. */
  readonly seconds: number;
}

const names = Array.from({ length: CHUNK_SHARDS }, (_, n) => `shard-${n}`);
const settings = settingsSchema.parse({
  service: 'bench',
  shards: names.map((name) => ({
    name,
    capacity: { perInstance: 100 },
    route: { host: `${name}.example.com` },
  })),
  fleet: { max: 500 },
});

/** A day, a week, and what no season explains. */
const load = (time: Seconds) =>
  1000 *
  (1 + 0.4 * Math.sin((2 * Math.PI * time) / DAY) + 0.1 * Math.sin((2 * Math.PI * time) / WEEK)) *
  (1 + 0.05 * Math.sin(time / 97) * Math.sin(time / 1013));

/** Shards that learn; all others of the chunk get the state of the first. */
const LEARNERS = 2;

/** The state of a shard that has been forecast for three weeks, fed by the use case from its history. */
export async function learn(): Promise<Uint8Array> {
  const store = storeOf(new Map());
  const shards = names.slice(0, LEARNERS);
  const { failures } = await forecastChunk(
    store.parts,
    settings,
    { chunk: 0, shards },
    START + LEARNED - MINUTE,
  );
  const state = store.states().get(names[0]!);
  if (state === undefined) throw new Error(`learn: expected a state, got ${failures[0]?.error ?? 'none'}`);
  return state;
}

/** The use case that the Lambda runs, over a store that answers at once: one chunk, tick after tick. */
export async function run(state: Uint8Array, ticks: number): Promise<Ran> {
  const { parts } = storeOf(new Map(names.map((name) => [name, state])));
  const begun = performance.now();
  const before = process.cpuUsage();
  for (let tick = 0; tick < ticks; tick++) {
    const now = START + LEARNED + tick * MINUTE;
    const { shards, failures } = await forecastChunk(parts, settings, { chunk: 0, shards: names }, now);
    for (const { shard, fed, error, rebuilt } of shards)
      if (fed !== 1 || error !== undefined || rebuilt !== undefined)
        throw new Error(
          `${shard}: expected one point fed to its state, got ${fed}; ${error ?? rebuilt ?? ''}`,
        );
    if (failures.length > 0) throw new Error(`tick ${tick}: expected no failure, got ${failures[0]!.error}`);
  }
  const { user, system } = process.cpuUsage(before);
  return {
    shards: ticks * names.length,
    cpuSeconds: (user + system) / 1e6,
    seconds: (performance.now() - begun) / 1000,
  };
}

function storeOf(initial: ReadonlyMap<string, Uint8Array>) {
  let states = initial;
  const parts: ForecastParts = {
    records: {
      read: async (from, to, shards) => new Map(shards.map((shard) => [shard, pointsOf(from, to)])),
    },
    metrics: { history: async (_, from, to) => pointsOf(from, to) },
    states: {
      read: async () => states,
      write: async (_, written) => {
        states = written;
      },
    },
    forecasts: { write: async () => new Map() },
  };
  return { parts, states: () => states };
}

/** `from < time ≤ to` */
function pointsOf(from: Seconds, to: Seconds): LoadPoint[] {
  const points: LoadPoint[] = [];
  for (let time = Math.floor(from / MINUTE + 1) * MINUTE; time <= to; time += MINUTE)
    points.push({ time, load: load(time) });
  return points;
}
