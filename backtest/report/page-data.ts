import type { Seconds } from '../../core/time.ts';
import { packFloats } from './codec.ts';
import { actionTable, type EventTable, moveTable } from './event-table.ts';
import type { InterruptionRecord, RunRecord } from './run-record.ts';
import { RULE_WORDS, UNFORESEEN } from './words.ts';

/** What the page's script gets: everything that is drawn on a time axis. Series are packed (codec.ts). */
export interface PageData {
  readonly start: Seconds;
  readonly step: Seconds;
  readonly steps: number;
  /** Upper bound of the ready pool (instances). */
  readonly readyMax: number;
  readonly fleet: { readonly [K in keyof RunRecord['fleet']]: string };
  readonly shards: readonly PageShard[];
  readonly moves: EventTable;
  readonly actions: EventTable;
  readonly interruptions: readonly InterruptionRecord[];
  readonly rules: Readonly<Record<string, string>>;
  readonly unforeseen: readonly string[];
}

export interface PageShard {
  readonly name: string;
  readonly unit: string;
  readonly series: Readonly<Record<'load' | 'q10' | 'q50' | 'q90' | 'capacity' | 'unmet' | 'delay', string>>;
}

export function pageData(run: RunRecord): PageData {
  const units = new Map(run.settings.shards.map((shard) => [shard.name, shard.capacity.unit]));
  const indices = new Map(run.shards.map((shard, i) => [shard.name, i]));
  return {
    start: run.start,
    step: run.step,
    steps: run.fleet.active.length,
    readyMax: run.settings.readyPool.max,
    fleet: {
      active: packFloats(run.fleet.active),
      activating: packFloats(run.fleet.activating),
      draining: packFloats(run.fleet.draining),
      ready: packFloats(run.fleet.ready),
      starting: packFloats(run.fleet.starting),
      stopped: packFloats(run.fleet.stopped),
      readyTarget: packFloats(run.fleet.readyTarget),
      cost: packFloats(run.fleet.cost),
    },
    shards: run.shards.map((shard) => ({
      name: shard.name,
      unit: units.get(shard.name) ?? '',
      series: {
        load: packFloats(shard.load),
        q10: packFloats(shard.q10),
        q50: packFloats(shard.q50),
        q90: packFloats(shard.q90),
        capacity: packFloats(shard.capacity),
        unmet: packFloats(shard.unmet),
        delay: packFloats(shard.delay),
      },
    })),
    moves: moveTable(run.moves, indices, run.start),
    actions: actionTable(run.actions, run.start),
    interruptions: run.interruptions,
    rules: RULE_WORDS,
    unforeseen: UNFORESEEN,
  };
}
