import { closest } from 'fastest-levenshtein';
import type { Seconds } from '../../core/time.ts';
import { actionLines, clock, interruptionLines, moveLines, stateLines } from './explain-words.ts';
import { formatNumber, formatTime } from './page/format.js';
import type { RunRecord } from './run-record.ts';
import { type Story, storyOf } from './story.ts';

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

/** {@link tell} of a backtest's run. */
export function explain(run: RunRecord, subject: Subject, at: Seconds): string[] {
  return tell(storyOf(run), subject, at);
}

/**
 * Says in plain English why each move and action around a time happened; where nothing did, the nearest before and
 * after.
 * @param at epoch seconds
 * @throws {Error} on one line: unknown shard or instance (with the nearest known one), time outside the story.
 */
export function tell(story: Story, subject: Subject, at: Seconds): string[] {
  const { name, start, end, step } = story;
  if (at < start || at >= end) {
    throw new Error(
      `--at ${formatTime(at)} UTC is outside ${name}, which ${name.endsWith('s') ? 'span' : 'spans'} ${formatTime(start)} to ${formatTime(end)} UTC`,
    );
  }
  const shard = subject.kind === 'shard' ? findShard(story, subject.name) : undefined;
  const all = happenings(story, subject);
  if (subject.kind === 'instance' && all.length === 0) throw unknownInstance(story, subject.id);
  const reach = Math.max(AROUND, step);
  const near = all.filter((one) => Math.abs(one.at - at) <= reach);
  const state = shard === undefined ? [] : stateLines(story.stateOf(shard.name, at), shard.unit);
  const lines = [headOf(subject, at), ...state, ''];
  if (near.length > 0) return [...lines, ...tellMany(near)];
  const minutes = formatNumber(reach / 60);
  return [
    ...lines,
    `Nothing happened to it within ${minutes} minutes of that time.`,
    ...tellNearest(all, at, story.read ?? name),
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

function findShard({ name: story, shards }: Story, name: string): Story['shards'][number] {
  const found = shards.find((shard) => shard.name === name);
  if (found !== undefined) return found;
  const names = shards.map((shard) => shard.name);
  const hint = names.length === 0 ? 'there is none' : `nearest is "${closest(name, names)}"`;
  throw new Error(`--shard "${name}" is not in ${story}: ${hint}`);
}

function unknownInstance({ name, read = name, moves, interruptions, actions }: Story, id: string): Error {
  const known = new Set(moves.map(({ move }) => instanceOf(move.slice)));
  for (const { instance } of interruptions) known.add(instance);
  for (const { action } of actions) if ('instance' in action) known.add(action.instance);
  const hint = known.size === 0 ? 'there is none' : `nearest is "${closest(id, [...known])}"`;
  return new Error(`--instance "${id}": nothing ever happened to it in ${read}; ${hint}`);
}

function instanceOf(slice: string): string {
  return slice.split(':')[0]!;
}

function happenings(story: Story, subject: Subject): Happening[] {
  const list: Happening[] = [];
  const isInstance = (id: string) => subject.kind === 'instance' && instanceOf(subject.id) === id;
  const isShard = (name: string | undefined) => subject.kind === 'shard' && name === subject.name;
  const isSlice = (slice: string) =>
    subject.kind === 'instance' && (slice === subject.id || instanceOf(slice) === subject.id);
  const units = new Map(story.shards.map(({ name, unit }) => [name, unit]));
  for (const record of story.moves) {
    const { from, to, slice } = record.move;
    const places = [from, to].map((place) => ('shard' in place ? place.shard : undefined));
    if (!isSlice(slice) && !places.some(isShard)) continue;
    // The reason speaks of the shard that gains; where the slice goes to the pool, of the one that gives.
    const unit = units.get(places[1] ?? places[0] ?? '') ?? '';
    list.push({ at: record.at, tell: () => moveLines(record, unit) });
  }
  for (const record of story.actions) {
    const { action } = record;
    const named = 'instance' in action && isInstance(action.instance);
    if (named || (action.kind === 'wake' && isShard(action.shard)))
      list.push({ at: record.at, tell: () => actionLines(record) });
  }
  for (const record of story.interruptions) {
    if (isInstance(record.instance) || record.shards.some(isShard))
      list.push({ at: record.noticeAt ?? record.goneAt, tell: () => interruptionLines(record) });
  }
  return list.sort((a, b) => a.at - b.at);
}

function headOf(subject: Subject, at: Seconds): string {
  return `${subject.kind === 'shard' ? `Shard ${subject.name}` : `Instance ${subject.id}`} at ${formatTime(at)} UTC`;
}

function tellMany(list: readonly Happening[]): string[] {
  const told = list.slice(0, MOST).flatMap((one) => [...one.tell(), '']);
  const rest = list.length - MOST;
  if (rest > 0) told.push(`… and ${rest} more until ${clock(list.at(-1)!.at)}.`, '');
  return told.slice(0, -1);
}

function tellNearest(all: readonly Happening[], at: Seconds, name: string): string[] {
  const before = all.findLast((one) => one.at < at);
  const after = all.find((one) => one.at > at);
  const side = (one: Happening | undefined, word: string) =>
    one === undefined
      ? ['', `Nothing ${word} it in ${name}.`]
      : ['', `The nearest ${word} it:`, ...one.tell()];
  return [...side(before, 'before'), ...side(after, 'after')];
}
