import * as z from 'zod';
import { KEY } from '../../core/forecast/emerging/key.ts';
import type { Seconds } from '../../core/time.ts';

/**
 * The line that an instance reports each minute, as agent/reporter writes it: compact, because each byte is paid for.
 * Another version has another `v`; a reader passes over what it does not know, and says so.
 */
const share = z.number().min(-0.01).max(1.01);
const amount = z.number().min(0).max(1e15);
const lineSchema = z.object({
  v: z.literal(1),
  i: z.string().min(1).max(64),
  t: z.int().min(0).multipleOf(60),
  cpu: share,
  mem: share,
  s: z.array(z.tuple([z.string().min(1).max(32), z.int().min(1).max(65_535), amount, amount])).max(64),
  k: z.unknown().optional(),
});

/** The most frequent keys of a line's requests. They come from requests: a bad one must not cost the line's load. */
const keySchema = z.tuple([z.string().min(1).max(32), z.string().regex(KEY), amount]);
const MOST_KEYS = 20;

/** What one slice did in a minute. */
export interface ReportedSlice {
  /** The shard that it served all of that minute. */
  readonly shard: string;
  readonly port: number;
  readonly requests: number;
  /** Time that the requests took, in sum. */
  readonly seconds: Seconds;
}

/** Requests with one key that an instance served in a minute; those with rare keys are not counted. */
export interface ReportedKey {
  readonly shard: string;
  readonly key: string;
  readonly requests: number;
}

/** What one instance did in a minute. */
export interface Report {
  readonly instance: string;
  /** When the minute begins. */
  readonly minute: Seconds;
  /** Shares in use. */
  readonly cpu: number;
  readonly memory: number;
  readonly slices: readonly ReportedSlice[];
  /** Absent where the application counts none. */
  readonly keys?: readonly ReportedKey[];
}

export type Parsed =
  | { readonly ok: true; readonly report: Report }
  | { readonly ok: false; readonly problem: string };

/** Reads one line. What is wrong with it is a value, with the line's beginning: one bad instance stops nobody. */
export function parseReport(line: string): Parsed {
  const bad = (what: string): Parsed => ({
    ok: false,
    problem: `${what} in ${JSON.stringify(line.slice(0, 80))}`,
  });
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return bad('no JSON');
  }
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return bad(`${issue?.path.join('.') || 'line'}: ${issue?.message}`);
  }
  const { i, t, cpu, mem, s, k } = parsed.data;
  const slices = s.map(([shard, port, requests, seconds]) => ({ shard, port, requests, seconds }));
  const keys = k === undefined ? {} : { keys: keysOf(k) };
  return { ok: true, report: { instance: i, minute: t, cpu, memory: mem, slices, ...keys } };
}

function keysOf(k: unknown): ReportedKey[] {
  if (!Array.isArray(k)) return [];
  return k.slice(0, MOST_KEYS).flatMap((one) => {
    const { data } = keySchema.safeParse(one);
    return data === undefined ? [] : [{ shard: data[0], key: data[1], requests: data[2] }];
  });
}
