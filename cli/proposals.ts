import { type Command, InvalidArgumentError } from 'commander';
import { Modes } from '../adapters/aws/modes.ts';
import { ProposalItems } from '../adapters/aws/proposal-items.ts';
import { formatNumber, formatPercent, formatTime } from '../backtest/report/page/format.js';
import type { Proposal } from '../core/forecast/emerging/proposal.ts';
import { waitingRoute } from '../core/forecast/emerging/settings-text.ts';
import { textOf } from '../core/routes/route.ts';
import { accept, decline } from '../flows/propose-accept.ts';
import type { AcceptParts } from '../flows/propose-parts.ts';
import { addWhere, connect, type Deployed, type Where } from './deployed.ts';
import { formatTable } from './table.ts';

/** `foreshard proposals`: new shards that are proposed, and what a person says to them. */
export function configure(command: Command): void {
  addWhere(command.command('list', { isDefault: true }).description('show what is proposed'))
    .option('--json', 'as JSON: times in epoch seconds, loads in the unit of the shard')
    .action(async ({ json, ...where }: Where & { readonly json?: true }) => {
      process.stdout.write(await listed(await connect(where), json === true));
    });
  addWhere(command.command('accept').description('make it a shard: instances first, then its requests'))
    .argument('<name>', 'name of the proposal')
    .option('--priority <n>', 'of the new shard; by default that of the one it comes from', priorityOf)
    .action(async (name: string, { priority, ...where }: Where & { readonly priority?: number }) => {
      process.stdout.write(await accepted(await connect(where), name, priority));
    });
  addWhere(command.command('decline').description('leave it where it is'))
    .argument('<name>', 'name of the proposal')
    .action(async (name: string, where: Where) => {
      process.stdout.write(await declined(await connect(where), name));
    });
}

function priorityOf(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 1000) return value;
  throw new InvalidArgumentError(`Expected a whole number from 0 to 1000, got "${text}".`);
}

/** What is proposed, the most likely first; or a sentence that nothing is. */
export async function listed({ table }: Deployed, json: boolean): Promise<string> {
  const all = [...(await new ProposalItems(table).list())].sort((a, b) => b.confidence - a.confidence);
  if (json) return `${JSON.stringify(all, undefined, 2)}\n`;
  if (all.length === 0) return 'Nothing is proposed.\n';
  const header = [
    'name',
    'of',
    'route',
    'load',
    'expected: 50 %',
    '90 %',
    'sure',
    'ready by (UTC)',
    'state',
    '',
  ];
  return formatTable(
    header,
    all.map((one) => [
      one.name,
      one.of,
      textOf(one.route),
      formatNumber(one.load),
      formatNumber(one.expected.q50),
      formatNumber(one.expected.q90),
      formatPercent(Math.round(one.confidence * 100) / 100),
      formatTime(one.readyBy),
      one.state,
      noteOf(one),
    ]),
  );
}

/** @throws {ProposalRefused}, {SettingsError}, {SettingsChanged}; nothing was accepted then */
export async function accepted(deployed: Deployed, name: string, priority?: number): Promise<string> {
  const wished = { by: deployed.by, ...(priority !== undefined && { priority }) };
  const { of, route } = await accept(partsOf(deployed), name, wished);
  return [
    `Shard ${name} is in the settings, with capacity and profile as ${of} has them, and an event in the calendar for its expected load.`,
    `It has instances first: until they serve, its route is ${textOf(waitingRoute(name))}, which nobody asks for.`,
    `Then requests of ${textOf(route)} are led to it, within five minutes.`,
    '',
  ].join('\n');
}

/** @throws {ProposalRefused} */
export async function declined(deployed: Deployed, name: string): Promise<string> {
  const { key, of } = await decline(partsOf(deployed), name, deployed.by);
  return `Declined: ${key} stays in ${of}, and is not proposed again before it has gone and come back.\n`;
}

function partsOf(deployed: Deployed): AcceptParts {
  const { clock, table, settings } = deployed;
  return {
    clock,
    settings,
    proposals: new ProposalItems(table),
    modes: new Modes(table),
    syncRoutes: () => deployed.syncRoutes(),
  };
}

function noteOf({ state, blocked, by, changedAt }: Proposal): string {
  if (state === 'open') return blocked === undefined ? '' : `cannot be accepted: ${blocked}`;
  const since = `since ${formatTime(changedAt)}${by === undefined ? '' : ` by ${by}`}`;
  return state === 'accepted' ? `waits for its instances, ${since}` : since;
}
