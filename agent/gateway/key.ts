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
  if ('cookie' in by) return cookiesOf(request.headers.cookie, by.cookie)[0];
  return decoded(pathOf(request).split('/')[by.path + 1]);
}

/**
 * Whether an application could see another key than {@link slotOfRequest} does: a client would get to a key under another
 * slot's ticket.
 */
export function isAmbiguous(request: Asked & Pick<IncomingMessage, 'rawHeaders'>, { by }: SlotRule): boolean {
  if (by === undefined) return false;
  if ('header' in by) return differ(valuesOf(request.rawHeaders, by.header));
  if ('cookie' in by) return differ(cookiesOf(request.headers.cookie, by.cookie));
  const segments = pathOf(request).split('/').slice(1).map(decoded);
  const last = segments.findLastIndex((segment) => segment !== '');
  return segments.some(
    (segment, i) => segment === '.' || segment === '..' || (segment === '' && i <= by.path && i < last),
  );
}

const differ = (values: readonly string[]) => values.some((value) => value !== values[0]);

function valuesOf(raw: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2)
    if (raw[i]!.toLowerCase() === name.toLowerCase()) values.push(raw[i + 1]!.trim());
  return values;
}

/** Path without query; of the absolute form (`GET http://host/path`) too. */
export function pathOf({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  const path = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  return path.split(/[?#]/, 1)[0] ?? '/';
}

function cookiesOf(header: string | undefined, name: string): string[] {
  const values: string[] = [];
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name)
      values.push(
        pair
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1'),
      );
  }
  return values;
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
