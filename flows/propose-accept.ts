import type { Proposal } from '../core/forecast/emerging/proposal.ts';
import { waitingRoute, withRoute, withShard } from '../core/forecast/emerging/settings-text.ts';
import type { StoredProposal } from '../core/forecast/emerging/store.ts';
import { balancersNeeded, routeProblems } from '../core/routes/problems.ts';
import { routeOf, sameRoute } from '../core/routes/route.ts';
import { parseSettings } from '../core/settings/parse.ts';
import { showPath } from '../core/settings/problem.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { AcceptParts } from './propose-parts.ts';

/** It cannot be done as things are; the message says why, for people. */
export class ProposalRefused extends Error {
  override readonly name = 'ProposalRefused';
}

export interface Acceptance {
  /** Who accepts it. */
  readonly by: string;
  /** Of the new shard. @default that of the shard it comes from */
  readonly priority?: number;
}

/**
 * Accepts a proposal: the shard goes into the settings, with an event by which the plan gives it instances for the load
 * that is expected, and with a route that no request has. Requests are led there once instances serve ({@link letIn}).
 * May be repeated after a failure.
 * @throws {ProposalRefused}, {SettingsError} when the settings would be wrong with it, {SettingsChanged}
 */
export async function accept(
  parts: AcceptParts,
  name: string,
  { by, priority }: Acceptance,
): Promise<Proposal> {
  const { clock, settings } = parts;
  const proposal = await proposalOf(parts, name);
  if (proposal.state === 'accepted' || proposal.state === 'routed')
    throw new ProposalRefused(
      `proposal ${name}: expected one that is open or declined, got ${proposal.state}`,
    );
  if (proposal.blocked !== undefined) throw new ProposalRefused(`proposal ${name}: ${proposal.blocked}`);
  const read = await settings.read();
  const now = clock.now();
  const there = read.settings.shards.find((one) => one.name === name);
  if (there === undefined) {
    const mode = await modeFor(parts, proposal, read.settings);
    const wished = { mode, ...(priority !== undefined && { priority }) };
    const text = withShard(read.text, proposal, wished, now);
    const file = `settings with ${name}`;
    const after = parseSettings(text, file);
    const [problem] = routeProblems(withRouteOf(after, proposal), balancersNeeded(after));
    if (problem !== undefined)
      throw new ProposalRefused(
        `${file}: ${showPath(problem.path)}: expected ${problem.expected}, got ${problem.got}`,
      );
    await settings.write(text, file, read.etag);
  } else if (!sameRoute(routeOf(there), waitingRoute(name))) {
    throw new ProposalRefused(`proposal ${name}: a shard of this name is in the settings already`);
  }
  const accepted: Proposal = { ...plain(proposal), state: 'accepted', changedAt: now, by };
  await save(parts, accepted, proposal.version);
  await parts.syncRoutes();
  return accepted;
}

/** Declines a proposal: it is not made again before its key has gone and come back. @throws {ProposalRefused} */
export async function decline(parts: AcceptParts, name: string, by: string): Promise<Proposal> {
  const proposal = await proposalOf(parts, name);
  if (proposal.state !== 'open')
    throw new ProposalRefused(`proposal ${name}: expected one that is open, got ${proposal.state}`);
  const declined: Proposal = { ...plain(proposal), state: 'declined', changedAt: parts.clock.now(), by };
  await save(parts, declined, proposal.version);
  return declined;
}

/**
 * Leads the requests to a shard that was accepted, once what serves it is enough for what is expected.
 * @param serving capacity that serves it (its unit)
 * @returns whether they are led there now
 */
export async function letIn(parts: AcceptParts, proposal: StoredProposal, serving: number): Promise<boolean> {
  const { clock, settings, proposals } = parts;
  const { name, route, expected } = proposal;
  const { settings: before, text, etag } = await settings.read();
  const shard = before.shards.find((one) => one.name === name);
  if (shard === undefined) {
    // Somebody took it out of the settings again.
    await proposals.remove(name, proposal.version);
    return false;
  }
  if (sameRoute(routeOf(shard), waitingRoute(name))) {
    if (!(serving > 0 && serving >= expected.q50)) return false;
    await settings.write(withRoute(text, name, route), `settings with the route of ${name}`, etag);
    await parts.syncRoutes();
  }
  await save(parts, { ...plain(proposal), state: 'routed', changedAt: clock.now() }, proposal.version);
  return true;
}

async function proposalOf({ proposals }: AcceptParts, name: string): Promise<StoredProposal> {
  const all = await proposals.list();
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = all.map((one) => one.name).join(', ');
  throw new ProposalRefused(`proposal ${name}: expected one of ${names || 'none: nothing is proposed'}`);
}

async function save({ proposals }: AcceptParts, proposal: Proposal, seen: number): Promise<void> {
  if (!(await proposals.put(proposal, seen)))
    throw new ProposalRefused(`proposal ${proposal.name} has changed meanwhile: look at it and say it again`);
}

/** A shard in shadow is another's to serve, and its part, too. */
async function modeFor({ modes }: AcceptParts, { of, name }: Proposal, settings: Settings) {
  const switched = (await modes.read()).modes;
  const declared = settings.shards.find((one) => one.name === of);
  if (declared === undefined)
    throw new ProposalRefused(`proposal ${name}: shard ${of} is not in the settings any more`);
  const mode = switched[of] ?? declared.mode;
  if (mode === 'hold')
    throw new ProposalRefused(
      `proposal ${name}: shard ${of} is in hold, in which nothing moves; expected active`,
    );
  return mode;
}

/** The settings as they will be when the requests are led there. */
const withRouteOf = (settings: Settings, { name, route }: Proposal): Settings => ({
  ...settings,
  shards: settings.shards.map((shard) => (shard.name === name ? { ...shard, route } : shard)),
});

function plain({ version: _, ...proposal }: StoredProposal): Proposal {
  return proposal;
}
