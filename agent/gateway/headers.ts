/** Names of headers that the gateways use among themselves and towards the application. */
export const HOP = 'foreshard-hop';
export const SLOT = 'foreshard-slot';
export const EPOCH = 'foreshard-epoch';
/** Of an answer: this gateway does not hold the slot, and nothing has seen the request. */
export const NOT_HOLDER = 'foreshard-not-holder';

/** RFC 9110, 7.6.1: they belong to one connection. */
const OF_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const OURS = new Set([HOP, SLOT, EPOCH, NOT_HOLDER]);

/**
 * Raw headers (name, value, …) as they go on: without those of the connection, those that `connection` names, and ours.
 * Names keep their case and order, and repeated ones stay repeated.
 */
export function passedOn(raw: readonly string[], connection: string | undefined): string[] {
  const named = new Set(connection?.split(',').map((name) => name.trim().toLowerCase()));
  const headers: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!OF_CONNECTION.has(name) && !OURS.has(name) && !named.has(name)) headers.push(raw[i]!, raw[i + 1]!);
  }
  return headers;
}
