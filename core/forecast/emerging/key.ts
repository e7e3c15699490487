import { type Route, routeOf } from '../../routes/route.ts';
import type { ProposalSettings } from '../../settings/proposals.ts';
import type { Settings, ShardSettings } from '../../settings/schema.ts';

/**
 * Keys come from requests, that is, from anybody. No other characters get into a line, a table, a terminal or a rule: above
 * all no wildcard, with which a rule would take more than its own.
 */
export const KEY = /^[A-Za-z0-9._~/-]{1,64}$/;

const PATH = /^(\/[A-Za-z0-9._~-]+)+$/;
const DOTS = /(^|\/)\.{1,2}(\/|$)/;
const HOST = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;
const VALUE = /^[A-Za-z0-9._~-]+$/;
const LONGEST_NAME = 32;

/** The route that leads to a key alone; undefined for a key that cannot have one. */
export function routeOfKey(key: string, by: ProposalSettings['key']): Route | undefined {
  if (!KEY.test(key)) return undefined;
  if (by === 'path') return PATH.test(key) && !DOTS.test(key) ? { path: `${key}/*` } : undefined;
  if (by === 'host') return HOST.test(key) ? { host: key } : undefined;
  return VALUE.test(key) ? { header: by.header, value: key } : undefined;
}

/**
 * Why a route would take requests of other shards than the one that its key was counted in; undefined: it takes a part of
 * that shard's requests and nothing else. A rule has one condition, so that a path is a path on every host.
 */
export function whyNotWithin(route: Route, of: ShardSettings, settings: Settings): string | undefined {
  if (of.targetGroup !== undefined)
    return `shard ${of.name} keeps a target group of its own: the rules before it are not ours`;
  const old = routeOf(of);
  const expected = (what: string) => `shard ${of.name} has ${wordsOf(old)}: expected ${what}`;
  if ('path' in route) {
    if (!('path' in old)) return expected('a path pattern, for keys that are paths');
    const [prefix = '', rest] = splitAtWildcard(old.path);
    return rest === '*' && route.path.startsWith(prefix) && route.path !== old.path
      ? undefined
      : expected(`one that ends with its only wildcard and has ${route.path} within`);
  }
  if ('host' in route) {
    if (!('host' in old)) return expected('a host pattern, for keys that are hosts');
    const suffix = old.host.toLowerCase().replace(/^\*/, '');
    return old.host.startsWith('*') && !/[*?]/.test(suffix) && route.host.endsWith(suffix)
      ? undefined
      : expected(`one that begins with its only wildcard and has ${route.host} within`);
  }
  const same = 'header' in old && old.header.toLowerCase() === route.header.toLowerCase();
  if (same && old.value === '*') return undefined;
  // A rule for a header comes before all others: whoever sends it would be led away from other shards.
  if (!same && settings.shards.length === 1) return undefined;
  return expected(`value * of header ${route.header}, or no other shard, for keys that are values of it`);
}

/** A name for the shard of a key, unlike all that are taken. */
export function nameOfKey(key: string, taken: ReadonlySet<string>): string {
  const plain = key.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
  const name = cut(plain === '' ? 'shard' : plain, LONGEST_NAME);
  if (!taken.has(name)) return name;
  for (let i = 2; ; i++) {
    const other = `${cut(name, LONGEST_NAME - 1 - String(i).length)}-${i}`;
    if (!taken.has(other)) return other;
  }
}

const cut = (text: string, length: number) => text.slice(0, length).replace(/-+$/, '');
const splitAtWildcard = (pattern: string) => {
  const at = pattern.search(/[*?]/);
  return at < 0 ? [pattern, ''] : [pattern.slice(0, at), pattern.slice(at)];
};
const wordsOf = (route: Route) =>
  'path' in route ? `path ${route.path}` : 'host' in route ? `host ${route.host}` : `header ${route.header}`;
