import type { IncomingMessage } from 'node:http';
import { slotOf } from '../../core/hand-over/slots.ts';
import type { SlotBy } from '../../core/settings/hand-over.ts';

/** What of the settings says which slot a request needs. */
export interface SlotRule {
  readonly count: number;
  readonly by?: SlotBy | undefined;
}

type Asked = Pick<IncomingMessage, 'headers' | 'url'>;

/** The slot that a request needs; undefined: it names none, any slot does. */
export function slotOfRequest(request: Asked, { count, by }: SlotRule): number | undefined {
  if (by === undefined) return count === 1 ? 0 : undefined;
  const key = keyOf(request, by);
  return key === undefined || key === '' ? undefined : slotOf(key, count);
}

function keyOf(request: Asked, by: SlotBy): string | undefined {
  if ('header' in by) {
    const value = request.headers[by.header.toLowerCase()];
    return (Array.isArray(value) ? value[0] : value)?.trim();
  }
  if ('cookie' in by) return cookieOf(request.headers.cookie, by.cookie);
  return decoded(pathOf(request).split('/')[by.path + 1]);
}

/** Path without query; of the absolute form (`GET http://host/path`) too. */
export function pathOf({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  const path = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  return path.split(/[?#]/, 1)[0] ?? '/';
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name)
      return pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

/** `/room/a%20b` and `/room/a b` are one room. What is no valid escape stays as it is. */
function decoded(segment: string | undefined): string | undefined {
  if (segment === undefined || !segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return segment;
    throw error;
  }
}
