import type { Settings } from '../core/settings/schema.ts';

/** One difference between two settings. */
export interface Change {
  /** `shard web` or the section, e.g. `fleet`. */
  readonly of: string;
  /** Where in it; empty where the whole of it came or went. */
  readonly field: string;
  /** As JSON; undefined: was not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What changes from one to the other, defaults filled in: shards by name, whatever their order; then the rest. */
export function changesOf(before: Settings, after: Settings): Change[] {
  const [old, now] = [byName(before), byName(after)];
  const changes: Change[] = [];
  for (const name of new Set([...now.keys(), ...old.keys()]))
    changes.push(...compare(`shard ${name}`, '', old.get(name), now.get(name)));
  const sections = new Set([...Object.keys(after), ...Object.keys(before)]) as Set<keyof Settings>;
  for (const section of sections)
    if (section !== 'shards') changes.push(...compare(section, '', before[section], after[section]));
  return changes;
}

const byName = ({ shards }: Settings) => new Map(shards.map(({ name, ...shard }) => [name, shard]));

function compare(of: string, field: string, before: unknown, after: unknown): Change[] {
  if (isObject(before) && isObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      compare(of, field === '' ? key : `${field}.${key}`, before[key], after[key]),
    );
  }
  const [was, is] = [before, after].map((value) => (value === undefined ? undefined : JSON.stringify(value)));
  return was === is ? [] : [{ of, field, before: was, after: is }];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A line per change, for people. */
export function changeLines(changes: readonly Change[]): string[] {
  return changes.map(({ of, field, before, after }) => {
    if (field === '' && before === undefined) return `+ ${of}`;
    if (field === '' && after === undefined) return `- ${of}`;
    return `~ ${of}: ${field === '' ? '' : `${field} `}${before ?? 'not set'} → ${after ?? 'not set'}`;
  });
}
