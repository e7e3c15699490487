import { randomUUID } from 'node:crypto';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import type { Command } from 'commander';
import { Fis } from '../adapters/aws/fis.ts';
import { Modes } from '../adapters/aws/modes.ts';
import { DynamoStore } from '../adapters/aws/store.ts';
import type { StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { addWhere, connect, type Deployed, type Where } from './deployed.ts';
import { reportOf, verdictOf } from './rehearse-text.ts';
import { Watch } from './rehearse-watch.ts';

interface Options extends Where {
  readonly instance?: string;
  readonly yes?: true;
}

export interface Wanted {
  readonly instance?: string | undefined;
  readonly yes: boolean;
}

/** What a rehearsal says, and whether something was lost in it. */
export interface Rehearsal {
  readonly text: string;
  readonly lost: boolean;
}

/** Looks are so far apart; before the notice nothing hurries. */
const SOON: Seconds = 2;
const WAITING: Seconds = 10;
/** A notice that has not come by then does not come. */
const LATEST: Seconds = 15 * MINUTE;
/** Statuses of an experiment that has not done what it was to do. */
const FAILED = ['failed', 'stopped', 'stopping', 'cancelled'];
const ENDED = [...FAILED, 'completed'];

/** `foreshard rehearse`: a Spot interruption on demand, and what came of it. */
export function configure(command: Command): void {
  addWhere(command)
    .option('--instance <id>', 'interrupt this Spot instance; by default the experiment chooses')
    .option('--yes', 'do it: without this it only says what would be done')
    .action(async ({ instance, yes, ...where }: Options) => {
      const deployed = await connect(where);
      const say = (line: string) => process.stderr.write(`${line}\n`);
      const { text, lost } = await rehearse(deployed, fisOf, { instance, yes: yes === true }, say);
      process.stdout.write(text);
      if (lost) process.exitCode = 1;
    });
}

type Experiments = Pick<Fis, 'start' | 'get' | 'narrowed' | 'drop'>;

function fisOf(region: string, { clock }: Deployed): Experiments {
  const credentials = defaultProvider({ clientConfig: { region: async () => region } });
  return new Fis({ region, clock, credentials });
}

/**
 * Interrupts Spot instances of a deployed service by its experiment, follows them through the service's table, and tells
 * what became of their slices.
 * @param say progress, for people
 * @throws {Error} when there is no experiment, nothing that may be touched, or no notice came; nothing was interrupted
 * unless the message says so.
 */
export async function rehearse(
  deployed: Deployed,
  connectFis: (region: string, deployed: Deployed) => Experiments,
  { instance, yes }: Wanted,
  say: (line: string) => void,
): Promise<Rehearsal> {
  const { service, clock, rehearsal } = deployed;
  if (rehearsal === undefined)
    throw new Error(`${service} has no experiment: deploy it with the prop rehearsal, or -c rehearsal=true`);
  const { settings } = await deployed.settings.read();
  const serving = await servingOn(deployed, settings, instance);
  const what = instance ?? 'one or more Spot instances, as its experiment chooses';
  if (!yes)
    return {
      text: `Would interrupt ${what}. Serving${instance ? ' on it' : ''}: ${serving.join(', ')}. Nothing was done: --yes does it.\n`,
      lost: false,
    };

  const fis = connectFis(rehearsal.region, deployed);
  const since = clock.now();
  const watch = new Watch(deployed, settings, since);
  await watch.look();
  const token = randomUUID();
  const { id } = await started(fis, rehearsal.template, instance, token);
  say(`experiment ${id} interrupts ${what}; the notice comes within minutes`);
  let said = '';
  while (!watch.isOver(clock.now())) {
    const noticed = watch.noticed.size > 0;
    await clock.sleepUntil(clock.now() + (noticed ? SOON : WAITING));
    await watch.look();
    const progress = watch.watched
      .map(({ slice, noticeAt }) => `${slice}${noticeAt ? ' (notice)' : ''}`)
      .join(', ');
    if (progress !== said) say(`announced: ${progress}`);
    said = progress;
    if (noticed) continue;
    const { status, reason } = await fis.get(id);
    // The plan may have emptied and ended the instance on the recommendation alone.
    if (watch.isOut && ENDED.includes(status)) break;
    if (clock.now() <= since + LATEST && !(FAILED.includes(status) && watch.watched.length === 0)) continue;
    if (watch.watched.length > 0) break;
    const why = reason === undefined ? '' : `: ${reason}`;
    throw new Error(
      FAILED.includes(status)
        ? `experiment ${id} is ${status}${why}; no instance of ${service} was told to go`
        : `experiment ${id} (${status}): no notice came within ${LATEST / MINUTE} minutes`,
    );
  }
  if (watch.watched.length === 0)
    return { text: `${[...watch.noticed].join(', ')} was told to go, and served no shard.\n`, lost: false };
  return { text: reportOf(watch.watched, since), lost: watch.watched.some((one) => verdictOf(one).lost) };
}

async function started(fis: Experiments, template: string, instance: string | undefined, token: string) {
  if (instance === undefined) return fis.start(template, token);
  const narrowed = await fis.narrowed(template, instance, token);
  try {
    return await fis.start(narrowed, token);
  } finally {
    // An experiment has its own copy of what it was made from.
    await fis.drop(narrowed);
  }
}

/** Shards that serve, on one instance or at all. @throws {Error} where none of them may be touched */
async function servingOn(
  { table, clock, service }: Deployed,
  settings: Settings,
  instance: string | undefined,
): Promise<readonly string[]> {
  const [{ modes }, slices] = await Promise.all([
    new Modes(table).read(),
    new DynamoStore(table, clock).slices(),
  ]);
  const where = instance ?? service;
  const on = ({ slice, placement }: StoredSlice) =>
    placement.kind === 'active' && (instance === undefined || parseSliceId(slice).instance === instance);
  const serving = new Set(
    slices.filter(on).flatMap(({ placement }) => ('shard' in placement ? [placement.shard] : [])),
  );
  if (serving.size === 0) throw new Error(`${where}: expected a slice that serves a shard, got none`);
  const modeOf = new Map(settings.shards.map(({ name, mode }) => [name, modes[name] ?? mode]));
  const shadow = [...serving].filter((shard) => (modeOf.get(shard) ?? 'shadow') === 'shadow');
  // The experiment chooses among all instances: where it might take one of a shard in shadow, it is not begun.
  if (shadow.length > 0)
    throw new Error(
      `${where}: expected no shard in shadow, where nothing would be handed over, got ${shadow.join(', ')}; --instance names another instance`,
    );
  return [...serving].sort();
}
