import type { Settings } from '../settings/schema.ts';
import type { Draft } from './draft.ts';
import type { FleetIndex } from './fleet-index.ts';
import { TICK } from './horizons.ts';
import type { FleetAction } from './plan.ts';
import type { PlannedShard } from './shard-views.ts';
import { gain } from './view.ts';

/** A powered-down instance to be started for its shard. */
export interface Wake {
  readonly instance: string;
  /** Index of the shard among the planned ones. */
  readonly shard: number;
  readonly units: number;
  /** It is up before the load is there: until then nothing else need stand in. */
  readonly inTime: boolean;
}

/** Most units that one tick looks for beyond what a shard has. */
const MOST_UNITS = 1000;

/** Ticks from the decision until a woken instance serves. */
export function wakeLead({ fleet: { leadTimes } }: Settings): number {
  return Math.max(1, Math.round((leadTimes.standby.seconds + leadTimes.activate.seconds) / TICK));
}

/**
 * Powered-down instances of cold standby shards that the forecast, or an event in the calendar, calls for: as many as
 * the load to come pays for beyond what the shard has, and its guarantee; one slice at least.
 * @param room instances that may still be started before the fleet is at its maximum
 */
export function wakesOf(
  index: FleetIndex,
  shards: readonly PlannedShard[],
  settings: Settings,
  room: number,
): Wake[] {
  const lead = wakeLead(settings);
  const weights = new Map(settings.fleet.instanceTypes.map(({ type, weight }) => [type, weight]));
  const wakes: Wake[] = [];
  shards.forEach((shard, s) => {
    const { standby, name } = shard.settings;
    if (standby === undefined || shard.asleep || shard.mode !== 'active') return;
    const soon = shard.ahead.ticks.slice(0, lead + 2);
    const inTime = soon.slice(0, lead).every((load) => load.at(0.9) <= standby.wakeAbove);
    // What does not pay would be given back at once.
    const pays = (have: number) => have + 1 <= shard.ceiling && soon.some((_, h) => gain(shard, h, have) > 1);
    let need = Math.max(shard.floor, shard.serving);
    while (need < shard.serving + MOST_UNITS && pays(need)) need += 1;
    let missing = need - shard.serving;
    const down = index.standby.filter((one) => one.shard === name);
    const unitsOf = (type: string) => (weights.get(type) ?? 1) / index.unit;
    // The largest first, so that few are woken.
    down.sort((a, b) => unitsOf(b.type) - unitsOf(a.type) || (a.id < b.id ? -1 : 1));
    for (const { id, type } of down) {
      if (missing <= 1e-9 || wakes.length >= room) break;
      wakes.push({ instance: id, shard: s, units: unitsOf(type), inTime });
      missing -= unitsOf(type);
    }
  });
  return wakes;
}

/** The shards with what wakes up in time counted as on its way. */
export function withWoken(shards: readonly PlannedShard[], wakes: readonly Wake[]): readonly PlannedShard[] {
  if (wakes.length === 0) return shards;
  const woken = new Float64Array(shards.length);
  for (const { shard, units, inTime } of wakes) if (inTime) woken[shard]! += units;
  return shards.map((shard, s) =>
    woken[s]! > 0
      ? {
          ...shard,
          serving: shard.serving + woken[s]!,
          floor: Math.max(shard.floor, shard.holding.coming + woken[s]!),
        }
      : shard,
  );
}

export function wakeActions(draft: Draft, wakes: readonly Wake[]): FleetAction[] {
  return wakes.map(({ instance, shard: s }) => {
    const { settings, ahead } = draft.shards[s]!;
    const soon = Math.max(...ahead.ticks.map((load) => load.at(0.9)));
    const reason = draft.reason('wake', s, 0, draft.serving[s]!, [
      `likely load within minutes ${soon.toPrecision(3)}, wakes above ${settings.standby?.wakeAbove}`,
    ]);
    return { kind: 'wake', instance, shard: settings.name, reason };
  });
}

/**
 * Shards that have fewer instances, powered down or serving, than should stand by for them: the name once per one
 * missing.
 */
export function berths({ index, shards, serving }: Draft): string[] {
  // For whom an instance is on its way to standby is not known: one batch at a time.
  if (index.toStandby > 0) return [];
  return shards.flatMap(({ settings: { name, standby }, mode }, s) => {
    if (standby === undefined || mode !== 'active') return [];
    const down = index.standby.filter(({ shard }) => shard === name).length;
    const missing = Math.floor(standby.instances - down - serving[s]! * index.unit + 1e-9);
    return new Array<string>(Math.max(0, missing)).fill(name);
  });
}
