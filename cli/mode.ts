import type { Command } from 'commander';
import { closest } from 'fastest-levenshtein';
import { heldBy, Modes } from '../adapters/aws/modes.ts';
import { DynamoStore } from '../adapters/aws/store.ts';
import { VmItems } from '../adapters/aws/vm-items.ts';
import { formatNumber } from '../backtest/report/page/format.js';
import { event } from '../core/events/event.ts';
import { messageOf } from '../core/failure.ts';
import { type Mode, modeSchema, type Settings } from '../core/settings/schema.ts';
import { parseSliceId, shareOfSlice } from '../core/shards/slice.ts';
import { layoutsOf } from '../core/vm/layout.ts';
import { addWhere, connect, type Deployed, type Where } from './deployed.ts';
import { UsageError } from './fail.ts';
import { formatTable } from './table.ts';

interface Options extends Where {
  readonly all?: true;
}

/** `foreshard mode`: switches shards between shadow, active and hold without a deploy. */
export function configure(command: Command): void {
  addWhere(command)
    .argument('<shards-and-mode...>', 'names of shards, then shadow, active or hold')
    .option('--all', 'every shard of the service; then name none')
    .action(async (words: readonly string[], options: Options) => {
      const wanted = parseWords(words, options.all === true);
      process.stdout.write(await switchModes(await connect(options), wanted));
    });
}

export interface Wanted {
  /** Undefined: all. */
  readonly shards: readonly string[] | undefined;
  readonly mode: Mode;
}

/** @throws {UsageError} */
export function parseWords(words: readonly string[], all: boolean): Wanted {
  const shards = words.slice(0, -1);
  const parsed = modeSchema.safeParse(words.at(-1));
  if (!parsed.success)
    throw new UsageError(
      `mode: expected shadow, active or hold as the last word, got "${words.at(-1) ?? ''}"`,
    );
  if (all && shards.length > 0)
    throw new UsageError(`mode: expected no shard with --all, got ${shards.join(', ')}`);
  if (!all && shards.length === 0) throw new UsageError('mode: expected a shard before the mode, or --all');
  return { shards: all ? undefined : [...new Set(shards)], mode: parsed.data };
}

/**
 * Switches modes and says what each was before. Hold remembers what the shard has at this moment.
 * @throws {Error} when a shard is unknown; nothing was switched then.
 */
export async function switchModes(deployed: Deployed, { shards, mode }: Wanted): Promise<string> {
  const { table, clock, events, by } = deployed;
  const { settings } = await deployed.settings.read();
  const names = settings.shards.map(({ name }) => name);
  const unknown = shards?.find((shard) => !names.includes(shard));
  if (unknown !== undefined)
    throw new Error(`shard "${unknown}" is not in the settings: the nearest is "${closest(unknown, names)}"`);

  const modes = new Modes(table);
  const switched = await modes.read();
  const modeOf = new Map(
    settings.shards.map((shard) => [shard.name, switched.modes[shard.name] ?? shard.mode]),
  );
  const all = (shards ?? names).map((shard) => ({ shard, from: modeOf.get(shard)! }));
  const changed = all.filter(({ from }) => from !== mode);
  const held = mode === 'hold' && changed.length > 0 ? await sizes(deployed, settings) : undefined;
  const at = clock.now();
  for (let i = 0; i < changed.length; i += AT_ONCE) {
    const some = changed.slice(i, i + AT_ONCE);
    await Promise.all(some.map(({ shard }) => modes.switch(shard, mode, at, by, held?.(shard))));
  }
  // A shard that was in shadow may wait for its rule; the plan starts this too, but later.
  const routed = changed.length > 0 ? await deployed.syncRoutes().then(undefined, messageOf) : undefined;
  const said = changed.map(({ shard, from }) => event('ModeSwitched', at, { shard, from, to: mode, by }));
  await events.publish(said).catch((cause) => {
    throw new Error(
      `${changed.length} switched to ${mode}, but not all of it was published: ${cause.message}`,
      {
        cause,
      },
    );
  });

  const rows = all.map(({ shard, from }) => [shard, from, '→', mode, noteOf(from, mode, held?.(shard))]);
  const last =
    changed.length > 0
      ? `${changed.length} switched; in effect from the next plan, within a minute.${
          routed === undefined ? '' : ` route-sync did not start (${routed}): the plan starts it.`
        }`
      : 'Nothing to switch.';
  return `${formatTable(['shard', 'before', '', 'after', ''], rows)}${last}\n`;
}

/** Writes on their way at once. */
const AT_ONCE = 25;

function noteOf(from: Mode, to: Mode, held: number | undefined): string {
  if (from === to) return 'as it was';
  return held === undefined ? '' : `keeps ${formatNumber(held)} ${held === 1 ? 'instance' : 'instances'}`;
}

/** What each shard has now, in instances of weight 1. */
async function sizes(deployed: Deployed, settings: Settings): Promise<(shard: string) => number> {
  const [slices, groups, vms] = await Promise.all([
    new DynamoStore(deployed.table, deployed.clock).slices(),
    deployed.groups(),
    new VmItems(deployed.table).list(),
  ]);
  const layouts = layoutsOf(vms);
  const members = [...groups.steady.members, ...groups.spot.members];
  const types = new Map(members.map(({ id, type }) => [id, type]));
  const typeOf = (slice: string) => types.get(parseSliceId(slice).instance) ?? '';
  return (shard) => heldBy(shard, slices, (slice) => shareOfSlice(slice, typeOf(slice), settings, layouts));
}
