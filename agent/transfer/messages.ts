import { CopyError } from './errors.ts';

/** Kinds of messages between the two ends of a copy. */
export const MESSAGE = { open: 1, chunk: 2, end: 3, cancel: 4, call: 5, applied: 6, answer: 7 } as const;

/** `number` is that of a set or of a call, `meta` JSON (of a chunk: bytes), `body` what a chunk carries. */
export interface Message {
  readonly type: number;
  readonly number: number;
  readonly meta: Uint8Array;
  readonly body: readonly Uint8Array[];
}

/** Longest meta (bytes). */
const MOST_META = 16_384;
const HEAD = 9;
const NONE: readonly Uint8Array[] = [];

export const jsonMessage = (type: number, number: number, value: object = {}): Message => ({
  type,
  number,
  meta: Buffer.from(JSON.stringify(value)),
  body: NONE,
});

export const bodyBytes = ({ body }: Message) => body.reduce((sum, piece) => sum + piece.length, 0);

/** Everything of a message but its body, behind `room` bytes that are left free. */
export function encodeHead({ type, number, meta }: Message, room: number): Buffer {
  if (meta.length > MOST_META)
    throw new CopyError(
      'protocol',
      `message: expected at most ${MOST_META} bytes of meta, got ${meta.length}`,
    );
  const head = Buffer.alloc(room + HEAD + meta.length);
  head[room] = type;
  head.writeUInt32BE(number, room + 1);
  head.writeUInt32BE(meta.length, room + 5);
  head.set(meta, room + HEAD);
  return head;
}

/** @throws {CopyError} `protocol` */
export function decodeMessage(bytes: Buffer): Message {
  const metaBytes = bytes.length < HEAD ? Number.NaN : bytes.readUInt32BE(5);
  if (!(metaBytes <= MOST_META && HEAD + metaBytes <= bytes.length))
    throw new CopyError('protocol', `message: ${bytes.length} bytes do not hold what they say`);
  const body = bytes.subarray(HEAD + metaBytes);
  return {
    type: bytes[0]!,
    number: bytes.readUInt32BE(1),
    meta: bytes.subarray(HEAD, HEAD + metaBytes),
    body: body.length === 0 ? NONE : [body],
  };
}

/** @throws {CopyError} `protocol`: no JSON object */
export function metaOf({ meta }: Pick<Message, 'meta'>): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(meta).toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below, as for any other wrong value.
  }
  throw new CopyError('protocol', 'message: expected a JSON object');
}
