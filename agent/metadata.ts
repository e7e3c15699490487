import * as z from 'zod';
import type { Seconds } from '../core/time.ts';
import type { AgentClock } from './gateway/clock.ts';
import type { Log } from './log.ts';
import type { Notice } from './serving.ts';

/** How long one request may take (s): the service is on the host's own link. */
const REQUEST: Seconds = 2;
/** How long a token is asked for, and when it is renewed. */
const TOKEN: Seconds = 21_600;
const RENEW: Seconds = TOKEN / 2;
/** Seconds between two looks. */
export const LOOK: Seconds = 2;

const actionSchema = z.object({ action: z.string(), time: z.iso.datetime() });
const rebalanceSchema = z.object({ noticeTime: z.iso.datetime() });

/** The instance metadata service, version 2. */
export class Metadata {
  readonly #base: string;
  readonly #clock: AgentClock;
  #token: { readonly value: Promise<string>; readonly at: Seconds } | undefined;

  /** @param base `http://169.254.169.254` */
  constructor(base: string, clock: AgentClock) {
    this.#base = base;
    this.#clock = clock;
  }

  /**
   * One entry below `latest/`; undefined when there is none.
   * @throws when the service does not answer, or says no
   */
  async get(path: string): Promise<string | undefined> {
    const token = this.#fresh();
    let answer = await this.#ask(path, token);
    if (answer.status === 401) {
      // The token is over sooner than it was said to be: an instance that was stopped meanwhile.
      await answer.body?.cancel();
      if (this.#token?.value === token) this.#token = undefined;
      answer = await this.#ask(path, this.#fresh());
    }
    const text = await answer.text();
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`metadata ${path}: expected 200 or 404, got ${answer.status}`);
    return text;
  }

  /** @throws when it is not there */
  async need(path: string): Promise<string> {
    const found = await this.get(path);
    if (!found) throw new Error(`metadata ${path}: expected a value, got none`);
    return found;
  }

  /** What Spot says now. `noticeAt` is when it was seen: the metadata say only when the instance ends. */
  async notice(): Promise<Notice> {
    const [action, rebalance] = await Promise.all([
      this.get('meta-data/spot/instance-action'),
      this.get('meta-data/events/recommendations/rebalance'),
    ]);
    const { time } = action === undefined ? {} : read(actionSchema, action, 'spot/instance-action');
    const { noticeTime } =
      rebalance === undefined ? {} : read(rebalanceSchema, rebalance, 'events/recommendations/rebalance');
    return {
      ...(noticeTime !== undefined && { rebalanceAt: Date.parse(noticeTime) / 1000 }),
      ...(time !== undefined && { noticeAt: this.#clock.now(), deadline: Date.parse(time) / 1000 }),
    };
  }

  async #ask(path: string, token: Promise<string>): Promise<Response> {
    return this.#fetch(path, { headers: { 'x-aws-ec2-metadata-token': await token } });
  }

  /** One token for all that ask at once. */
  #fresh(): Promise<string> {
    const now = this.#clock.monotonic();
    if (this.#token === undefined || now - this.#token.at >= RENEW) {
      const value = this.#newToken();
      this.#token = { value, at: now };
      value.catch(() => {
        if (this.#token?.value === value) this.#token = undefined;
      });
    }
    return this.#token.value;
  }

  async #newToken(): Promise<string> {
    const answer = await this.#fetch('api/token', {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN) },
    });
    const value = await answer.text();
    if (!answer.ok || value === '')
      throw new Error(`metadata api/token: expected a token, got ${answer.status}`);
    return value;
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    return fetch(`${this.#base}/latest/${path}`, {
      ...init,
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST * 1000),
    });
  }
}

function read<T>(schema: z.ZodType<T>, text: string, path: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`metadata ${path}: expected JSON, got ${JSON.stringify(text.slice(0, 60))}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path: at, message } = result.error.issues[0]!;
  throw new Error(`metadata ${path}: ${at.join('.')}: ${message}`);
}

/**
 * Looks every two seconds until the signal ends it, and calls back whenever something new is said; what was said once
 * is not forgotten when a look fails or the entry is gone.
 */
export async function watchNotices(
  { metadata, clock, log }: { readonly metadata: Metadata; readonly clock: AgentClock; readonly log: Log },
  onNotice: (notice: Notice) => void,
  signal: AbortSignal,
): Promise<void> {
  let known: Notice = {};
  let failing = false;
  while (!signal.aborted) {
    try {
      const seen = await metadata.notice();
      failing = false;
      // A recommendation, or the same end, seen again was said when it was seen first.
      const { rebalanceAt = seen.rebalanceAt } = known;
      const isNew = seen.deadline !== undefined && seen.deadline !== known.deadline;
      if (isNew || rebalanceAt !== known.rebalanceAt) {
        known = { ...known, ...(isNew && seen), ...(rebalanceAt !== undefined && { rebalanceAt }) };
        onNotice(known);
      }
    } catch (error) {
      if (!failing) log.warn('metadata-unreadable', { error });
      failing = true;
    }
    try {
      await clock.sleep(LOOK, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
