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
/** For all recipients (RFC 9110, 7.6.1): a client that names them in `connection` would take the end of its body, or what the balancer says of it, away. */
const FOR_ALL = /^(content-length|host|forwarded|x-forwarded-.*|x-amzn-.*)$/;

/** Many application servers read `foreshard_slot` as `foreshard-slot`. */
const isOurs = (name: string) => OURS.has(name.replaceAll('_', '-'));

/**
 * Raw headers (name, value, …) as they go on: without those of the connection, those that `connection` names, and ours.
 * Names keep their case and order, and repeated ones stay repeated.
 */
export function passedOn(raw: readonly string[], connection: string | undefined): string[] {
  const all = connection?.split(',').map((name) => name.trim().toLowerCase()) ?? [];
  const named = new Set(all.filter((name) => !FOR_ALL.test(name)));
  const headers: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!OF_CONNECTION.has(name) && !isOurs(name) && !named.has(name)) headers.push(raw[i]!, raw[i + 1]!);
  }
  return headers;
}
