/**
 * A set of changes of files, as bytes: records of a length (4 bytes), JSON of that length, and `bytes` of data where the
 * JSON says so. The last one is `end`; a set without it was cut.
 */
export type FileRecord =
  /** Nothing of before counts: what is not named in this set is removed. */
  | { readonly kind: 'full' }
  /** A file is new or has changed: its parts follow, all else of it stays. */
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly size: number;
      readonly mode: number;
      readonly fresh: boolean;
    }
  | { readonly kind: 'part'; readonly at: number; readonly bytes: number }
  | { readonly kind: 'gone'; readonly name: string }
  | { readonly kind: 'end' };

/** Longest JSON of a record: a path has 4,096 bytes at most. */
export const MOST_RECORD = 32_768;
/** Of data in one record, and of a file that is compared at once. */
export const PART = 65_536;

export function encodeRecord(record: FileRecord): Buffer {
  const json = Buffer.from(JSON.stringify(record));
  const head = Buffer.allocUnsafe(4 + json.length);
  head.writeUInt32BE(json.length, 0);
  json.copy(head, 4);
  return head;
}

/**
 * Records as they come out of a stream, `part` with its data.
 * @throws {Error} when the bytes are no records, or end before `end`
 */
export async function* recordsOf(
  stream: AsyncIterable<Buffer>,
): AsyncGenerator<{ readonly record: FileRecord; readonly data: Buffer }> {
  const pieces: Buffer[] = [];
  let have = 0;
  const source = stream[Symbol.asyncIterator]();
  const take = async (bytes: number): Promise<Buffer> => {
    while (have < bytes) {
      const { done, value } = await source.next();
      if (done) throw new Error(`files: the set ends ${bytes - have} bytes too early`);
      pieces.push(value);
      have += value.length;
    }
    const all = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    pieces.length = 0;
    if (all.length > bytes) pieces.push(all.subarray(bytes));
    have = all.length - bytes;
    return all.subarray(0, bytes);
  };
  for (;;) {
    const length = (await take(4)).readUInt32BE(0);
    if (length > MOST_RECORD)
      throw new Error(`files: expected a record of at most ${MOST_RECORD} bytes, got ${length}`);
    const record = JSON.parse((await take(length)).toString()) as FileRecord;
    if (record.kind === 'part' && !(record.bytes >= 0 && record.bytes <= PART))
      throw new Error(`files: expected a part of at most ${PART} bytes, got ${record.bytes}`);
    yield { record, data: record.kind === 'part' ? await take(record.bytes) : Buffer.alloc(0) };
    if (record.kind === 'end') break;
  }
  // To the end: only then has all of it been verified.
  const rest = await source.next();
  if (!rest.done || have > 0) throw new Error('files: the set goes on after its end');
}
