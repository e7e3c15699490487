import { closest } from 'fastest-levenshtein';
import type { Seconds } from '../../core/time.ts';
import { actionLines, clock, interruptionLines, moveLines } from './explain-words.ts';
import { formatNumber, formatTime } from './page/format.js';
import type { RunRecord, ShardRecord } from './run-record.ts';

/** Whose story is told. */
export type Subject =
  | { readonly kind: 'shard'; readonly name: string }
  /** An instance's id, or a slice's (`<instance>:<port>`). */
  | { readonly kind: 'instance'; readonly id: string };

/** Something that happened, ready to be told. */
interface Happening {
  readonly at: Seconds;
  readonly tell: () => readonly string[];
}

/** Happenings this close count as "at that time", or one step where steps are longer (s). */
const AROUND: Seconds = 300;
const MOST = 20;

/**
 * Says in plain English why each move and action around a time happened; where nothing did, the nearest before and
 * after.
 * @param at epoch seconds
 * @throws {Error} on one line: unknown shard or instance (with the nearest known one), time outside the run.
 */
export function explain(run: RunRecord, subject: Subject, at: Seconds): string[] {
  const end = run.start + run.fleet.active.length * run.step;
  if (at < run.start || at >= end) {
    throw new Error(
      `--at ${formatTime(at)} UTC is outside the run, which spans ${formatTime(run.start)} to ${formatTime(end)} UTC`,
    );
  }
  const shard = subject.kind === 'shard' ? findShard(run, subject.name) : undefined;
  const all = happenings(run, subject);
  if (subject.kind === 'instance' && all.length === 0) throw unknownInstance(run, subject.id);
  const reach = Math.max(AROUND, run.step);
  const near = all.filter((one) => Math.abs(one.at - at) <= reach);
  const lines = [headOf(subject, at), ...(shard === undefined ? [] : stateOf(run, shard, at)), ''];
  if (near.length > 0) return [...lines, ...tellMany(near)];
  const minutes = formatNumber(reach / 60);
  return [
    ...lines,
    `Nothing happened to it within ${minutes} minutes of that time.`,
    ...tellNearest(all, at),
  ];
}

/**
 * Reads `--at`: ISO 8601; without an offset it is UTC.
 * @throws {Error} naming the value.
 */
export function parseAt(text: string): Seconds {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?))?\s*(Z|UTC|[+-]\d{2}:\d{2})?$/i.exec(
    text.trim(),
  );
  const zone = match?.[3] === undefined || /^utc$/i.test(match[3]) ? 'Z' : match[3];
  const time = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2] ?? '00:00'}${zone}`);
  if (Number.isNaN(time))
    throw new Error(`--at must be a time such as 2026-05-04T10:15Z, got ${JSON.stringify(text)}`);
  return time / 1000;
}

function findShard(run: RunRecord, name: string): ShardRecord {
  const found = run.shards.find((shard) => shard.name === name);
  if (found !== undefined) return found;
  const names = run.shards.map((shard) => shard.name);
  const hint = names.length === 0 ? 'the run has none' : `nearest is "${closest(name, names)}"`;
  throw new Error(`--shard "${name}" is not in the run: ${hint}`);
}

function unknownInstance(run: RunRecord, id: string): Error {
  const known = new Set(run.moves.map(({ move }) => instanceOf(move.slice)));
  for (const { instance } of run.interruptions) known.add(instance);
  for (const { action } of run.actions) if ('instance' in action) known.add(action.instance);
  const hint = known.size === 0 ? 'the run names none' : `nearest is "${closest(id, [...known])}"`;
  return new Error(`--instance "${id}": nothing ever happened to it in the run; ${hint}`);
}

function instanceOf(slice: string): string {
  return slice.split(':')[0]!;
}

function happenings(run: RunRecord, subject: Subject): Happening[] {
  const list: Happening[] = [];
  const isInstance = (id: string) => subject.kind === 'instance' && instanceOf(subject.id) === id;
  const isShard = (name: string | undefined) => subject.kind === 'shard' && name === subject.name;
  const isSlice = (slice: string) =>
    subject.kind === 'instance' && (slice === subject.id || instanceOf(slice) === subject.id);
  const units = new Map(run.settings.shards.map(({ name, capacity }) => [name, capacity.unit]));
  for (const record of run.moves) {
    const { from, to, slice } = record.move;
    const places = [from, to].map((place) => ('shard' in place ? place.shard : undefined));
    if (!isSlice(slice) && !places.some(isShard)) continue;
    // The reason speaks of the shard that gains; where the slice goes to the pool, of the one that gives.
    const unit = units.get(places[1] ?? places[0] ?? '') ?? '';
    list.push({ at: record.at, tell: () => moveLines(record, unit) });
  }
  for (const record of run.actions) {
    const { action } = record;
    const named = 'instance' in action && isInstance(action.instance);
    if (named || (action.kind === 'wake' && isShard(action.shard)))
      list.push({ at: record.at, tell: () => actionLines(record) });
  }
  for (const record of run.interruptions) {
    if (isInstance(record.instance) || record.shards.some(isShard))
      list.push({ at: record.noticeAt ?? record.goneAt, tell: () => interruptionLines(record) });
  }
  return list.sort((a, b) => a.at - b.at);
}

function headOf(subject: Subject, at: Seconds): string {
  return `${subject.kind === 'shard' ? `Shard ${subject.name}` : `Instance ${subject.id}`} at ${formatTime(at)} UTC`;
}

/** What the shard's series say of the step that holds the time. */
function stateOf(run: RunRecord, shard: ShardRecord, at: Seconds): string[] {
  const i = Math.floor((at - run.start) / run.step);
  const unit = run.settings.shards.find(({ name }) => name === shard.name)?.capacity.unit ?? '';
  const load = Number.isNaN(shard.load[i]) ? 'not measured' : `${formatNumber(shard.load[i]!)} ${unit}`;
  const unmet =
    shard.unmet[i]! > 0 ? `${formatNumber(shard.unmet[i]!)} ${unit} was not served` : 'all of it was served';
  const forecast = [shard.q10[i]!, shard.q50[i]!, shard.q90[i]!].map(formatNumber).join(' / ');
  return [
    `Its load was ${load}; the forecast made one lead time before said ${forecast} (10 / 50 / 90 %).`,
    `Capacity in service was ${formatNumber(shard.capacity[i]!)} ${unit}, and ${unmet}.`,
  ];
}

function tellMany(list: readonly Happening[]): string[] {
  const told = list.slice(0, MOST).flatMap((one) => [...one.tell(), '']);
  const rest = list.length - MOST;
  if (rest > 0) told.push(`… and ${rest} more until ${clock(list.at(-1)!.at)}.`, '');
  return told.slice(0, -1);
}

function tellNearest(all: readonly Happening[], at: Seconds): string[] {
  const before = all.findLast((one) => one.at < at);
  const after = all.find((one) => one.at > at);
  const side = (one: Happening | undefined, word: string) =>
    one === undefined
      ? ['', `Nothing ${word} it in this run.`]
      : ['', `The nearest ${word} it:`, ...one.tell()];
  return [...side(before, 'before'), ...side(after, 'after')];
}
