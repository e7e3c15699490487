import type { Unusual } from '../../core/forecast/forecast.ts';
import type { Seconds } from '../../core/time.ts';
import { packFloats } from './codec.ts';
import { actionTable, type EventTable, moveTable } from './event-table.ts';
import type { InterruptionRecord, RunRecord, ShardRecord } from './run-record.ts';
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
  readonly series: Readonly<Record<'load' | 'q10' | 'q50' | 'q90' | 'capacity' | 'unmet' | 'delay', string>> &
    Readonly<Partial<Record<'q01' | 'q99' | 'minute', string>>>;
  /** Stretches of unusual load. */
  readonly unusual: readonly {
    readonly from: Seconds;
    readonly to: Seconds;
    readonly kind: Unusual['kind'];
  }[];
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
        ...(shard.q01 !== undefined && { q01: packFloats(shard.q01) }),
        ...(shard.q99 !== undefined && { q99: packFloats(shard.q99) }),
        ...(shard.minute !== undefined && { minute: packFloats(shard.minute) }),
      },
      unusual: unusualStretches(shard, run.start + run.fleet.active.length * run.step),
    })),
    moves: moveTable(run.moves, indices, run.start),
    actions: actionTable(run.actions, run.start),
    interruptions: run.interruptions,
    rules: RULE_WORDS,
    unforeseen: UNFORESEEN,
  };
}

/** From the first unusual point of each to the next note, which says that it is over or another. */
function unusualStretches({ said = [] }: ShardRecord, end: Seconds): PageShard['unusual'] {
  return said.flatMap(({ unusual }, i) =>
    unusual === undefined ? [] : [{ from: unusual.since, to: said[i + 1]?.at ?? end, kind: unusual.kind }],
  );
}
