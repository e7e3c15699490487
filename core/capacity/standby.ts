import { LEVELS } from '../forecast/forecast.ts';
import type { Draft } from './draft.ts';
import type { FleetAction } from './plan.ts';

const Q90 = LEVELS.indexOf(0.9);

/** Powered-down instances of cold standby shards that the forecast, or an event in the calendar, calls for. */
export function wakeUps(draft: Draft): FleetAction[] {
  const wakes: FleetAction[] = [];
  draft.shards.forEach((shard, s) => {
    const { standby, name } = shard.settings;
    if (standby === undefined || shard.asleep || shard.mode !== 'active') return;
    const soon = shard.ahead.ticks.reduce((most, load) => Math.max(most, load.quantiles[Q90]!), 0);
    for (const { id, shard: owner } of draft.index.standby) {
      if (owner !== name) continue;
      const reason = draft.reason('wake', s, 0, draft.serving[s]!, [
        `likely load within minutes ${soon.toPrecision(3)}, wakes above ${standby.wakeAbove}`,
      ]);
      wakes.push({ kind: 'wake', instance: id, shard: name, reason });
    }
  });
  return wakes;
}
