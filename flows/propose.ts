import { attempt, type Failure } from '../core/failure.ts';
import type { KeyCounts } from '../core/forecast/emerging/counts.ts';
import { Emerging } from '../core/forecast/emerging/emerging.ts';
import { type Proposal, reconcile } from '../core/forecast/emerging/proposal.ts';
import { ForecasterStateError } from '../core/forecast/state.ts';
import { textOf } from '../core/routes/route.ts';
import type { Settings } from '../core/settings/schema.ts';
import { HOUR, MINUTE, type Seconds } from '../core/time.ts';
import { event } from './events.ts';
import { accept, letIn } from './propose-accept.ts';
import type { ProposeParts } from './propose-parts.ts';

export interface Proposed {
  /** `off`: nobody counts keys where the load comes from CloudWatch. */
  readonly outcome: 'done' | 'failed' | 'off';
  /** Shards whose keys are known. */
  readonly shards: number;
  /** Names: published now, accepted by the setting now, requests led there now. */
  readonly proposed: readonly string[];
  readonly accepted: readonly string[];
  readonly routed: readonly string[];
  readonly failures: readonly Failure[];
}

/** Spans in which counts are taken; they do not cross an hour. */
const SPAN: Seconds = 5 * MINUTE;
/** Lines come within seconds of their minute's end. */
const SETTLED: Seconds = MINUTE;
/** What was counted before is left out: a gap in what is known, which a tracker bears. */
const REACH: Seconds = HOUR;
/** A plan that is older says nothing about what serves now. */
const FRESH: Seconds = 5 * MINUTE;
const BY_SETTING = 'the setting proposals.accept';

/**
 * Looks for keys that will deserve a shard of their own: what instances counted since the last run goes into the
 * trackers; what these propose is stored, published once and, where the settings say so, accepted; accepted shards that have
 * instances get their requests. What goes wrong with one is in the result and stops no other; a run that is killed is
 * repeated by the next one with the same end.
 * @throws what reading settings, trackers, counts or proposals throws; nothing was written then.
 */
export async function propose(parts: ProposeParts): Promise<Proposed> {
  const { settings } = await parts.settings.read();
  const none = { shards: 0, proposed: [], accepted: [], routed: [], failures: [] };
  if (settings.metrics.source !== 'reporter') return { ...none, outcome: 'off' };
  const now = parts.clock.now();
  const failures: Failure[] = [];
  const trackers = await fed(parts, settings, now, failures);
  const standing = [...trackers.values()].flatMap((one) => one.proposals());

  const stored = await parts.proposals.list();
  const versions = new Map(stored.map(({ name, version }) => [name, version]));
  const { put, remove } = reconcile(stored, standing, settings, now);
  for (const one of remove)
    await attempt(failures, `forget ${one.name}`, () =>
      parts.proposals.remove(one.name, versions.get(one.name)!),
    );
  // Lost to somebody who accepts it at this moment: what he wrote counts.
  for (const one of put)
    await attempt(failures, `store ${one.name}`, () => parts.proposals.put(one, versions.get(one.name)));

  const proposed = await tellNew(parts, failures);
  const accepted = settings.proposals.accept === 'auto' ? await acceptAll(parts, failures) : [];
  const routed = await letAllIn(parts, now, failures);
  // Last: whatever failed before is done again from the same counts.
  await attempt(failures, 'keep the trackers', () =>
    parts.trackers.write(new Map([...trackers].map(([shard, one]) => [shard, one.state()]))),
  );
  const outcome = failures.length > 0 ? 'failed' : 'done';
  return { outcome, shards: trackers.size, proposed, accepted, routed, failures };
}

/** The trackers of all shards of which keys are known, with what was counted since. */
async function fed(
  parts: ProposeParts,
  settings: Settings,
  now: Seconds,
  failures: Failure[],
): Promise<ReadonlyMap<string, Emerging>> {
  const states = (await parts.trackers.read()) ?? new Map<string, Uint8Array>();
  const trackers = new Map<string, Emerging>();
  const to = Math.floor((now - SETTLED) / SPAN) * SPAN;
  const names = new Set(settings.shards.map(({ name }) => name));
  for (const [shard, state] of states)
    if (names.has(shard)) trackers.set(shard, restored(shard, state, settings, failures));
  const known = [...trackers.values()].flatMap(({ knownUntil }) => knownUntil ?? []);
  const from = Math.max(to - REACH, known.length === 0 ? to - SPAN : Math.max(...known));
  if (from >= to) return trackers;
  for (const [shard, spans] of await parts.counts.read(from, to)) {
    const hasKeys = spans.some(({ counts }) => [...counts].length > 0);
    if (!names.has(shard) || (!hasKeys && !trackers.has(shard))) continue;
    const tracker = trackers.get(shard) ?? trackerOf(shard, settings);
    trackers.set(shard, tracker);
    await attempt(failures, `keys of ${shard}`, async () => observeAll(tracker, spans));
  }
  return trackers;
}

function observeAll(tracker: Emerging, spans: readonly KeyCounts[]): void {
  for (const span of spans) if (span.from >= (tracker.knownUntil ?? 0)) tracker.observe(span);
}

function trackerOf(of: string, { shards, fleet, proposals }: Settings): Emerging {
  const { capacity } = shards.find(({ name }) => name === of)!;
  const { share, slices, confidence } = proposals;
  const least = (slices * capacity.perInstance) / fleet.slicesPerInstance;
  return new Emerging({ of, share, confidence, least });
}

/** One that cannot be read begins anew, and it is said. */
function restored(shard: string, state: Uint8Array, settings: Settings, failures: Failure[]): Emerging {
  const tracker = trackerOf(shard, settings);
  try {
    tracker.restore(state);
    return tracker;
  } catch (error) {
    if (!(error instanceof ForecasterStateError)) throw error;
    failures.push({ what: `keys of ${shard}: begun anew`, error: error.message });
    return trackerOf(shard, settings);
  }
}

/** Each open proposal once; one that could not be published is told by the next run. */
async function tellNew(parts: ProposeParts, failures: Failure[]): Promise<string[]> {
  const { events, proposals, clock } = parts;
  const at = clock.now();
  const told: string[] = [];
  for (const { version, ...one } of await proposals.list()) {
    if (one.toldAt !== undefined || one.state !== 'open') continue;
    const isTold = await attempt(failures, `publish ${one.name}`, async () => {
      await events.publish([event('ShardProposed', at, detailOf(one))]);
      await proposals.put({ ...one, toldAt: at }, version);
    });
    if (isTold) told.push(one.name);
  }
  return told;
}

function detailOf({
  name,
  of,
  key,
  route,
  load,
  share,
  expected,
  confidence,
  readyBy,
  kind,
  blocked,
}: Proposal) {
  return {
    shard: name,
    of,
    key,
    route: textOf(route),
    load,
    share,
    expected,
    confidence,
    readyBy,
    why: `${key} has ${Math.round(share * 100)} % of ${of} and is ${kind}`,
    ...(blocked !== undefined && { blocked }),
  };
}

async function acceptAll(parts: ProposeParts, failures: Failure[]): Promise<string[]> {
  const accepted: string[] = [];
  for (const { name, state, blocked } of await parts.proposals.list()) {
    if (state !== 'open' || blocked !== undefined) continue;
    if (await attempt(failures, `accept ${name}`, () => accept(parts, name, { by: BY_SETTING })))
      accepted.push(name);
  }
  return accepted;
}

async function letAllIn(parts: ProposeParts, now: Seconds, failures: Failure[]): Promise<string[]> {
  const waiting = (await parts.proposals.list()).filter(({ state }) => state === 'accepted');
  if (waiting.length === 0) return [];
  const plan = await parts.latestPlan();
  const serving = new Map(plan?.shards.map(({ shard, have }) => [shard, have]));
  const isFresh = plan !== undefined && now - plan.at <= FRESH;
  const routed: string[] = [];
  for (const one of waiting)
    await attempt(failures, `lead requests to ${one.name}`, async () => {
      if (await letIn(parts, one, isFresh ? (serving.get(one.name) ?? 0) : 0)) routed.push(one.name);
    });
  return routed;
}
