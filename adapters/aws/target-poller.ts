import type { Clock, TargetHealth } from '../../core/ports.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import type { HealthItems, Look } from './health-items.ts';
import type { Leases } from './leases.ts';
import type { Answer, Wait, Waits } from './waits.ts';

/**
 * The one that looks at target health: first at groups that a move waits for, then at the others in turn.
 *
 * Lifecycle: started each minute by `plan`, and by every move that begins to wait; the lease `poll-targets` lets one
 * run. It ends when nobody waits and this minute's share of the others has been looked at, or at `until`.
 * Invariants: at most {@link LOOKS_A_SECOND} looks a second, which is half of what ELB gives an account, so that
 * deploys and people get the other half; a group that is waited for at most every {@link LOOK_EVERY} s; every group
 * within ten minutes, up to about 2,000 groups.
 * Gotchas: whoever finds the lease taken leaves, so after giving it back the poller looks for waits once more. It may
 * die anywhere: a wait stays until it is answered, an answer twice is harmless, and the lease ends by itself.
 */
export interface PollerParts {
  readonly clock: Clock;
  readonly leases: Pick<Leases, 'take' | 'release'>;
  readonly waits: Pick<Waits, 'all' | 'drop'>;
  readonly health: Pick<HealthItems, 'all' | 'seen' | 'failed' | 'forget'>;
  /** Shards that have a target group. */
  readonly shards: () => Promise<readonly string[]>;
  readonly states: (shard: string) => Promise<ReadonlyMap<string, TargetHealth>>;
  /** False: nobody waits for this token any more. */
  readonly answer: (token: string, answer: Answer) => Promise<boolean>;
}

export const LOOKS_A_SECOND = 5;
export const LOOK_EVERY: Seconds = 5;
/** Seconds between two reads of the waits. */
const READ_EVERY: Seconds = 2;
/** The lease outlives one slow call, and ends a minute after a death. */
const LEASE: Seconds = MINUTE;
const RENEW_EVERY: Seconds = 15;
/** A group's turn comes again after so many minutes; what is left to ten is for a minute that fails and for the queue. */
const TURN = 8;
/** From this age on a group that nobody waits for gets every second look, however many wait. */
const OLD: Seconds = 5 * MINUTE;

/** Seconds between the first look that sees a target unhealthy and the second one. */
const DOUBT: Seconds = 45;

export interface Polled {
  /** `busy`: another one runs. `lost`: another one took the lease over. */
  readonly outcome: 'busy' | 'lost' | 'done';
  readonly looks: number;
  readonly answered: number;
  /** The first few looks and answers that failed; the next look tries again. */
  readonly failures: readonly string[];
}

/** @param holder unique per run */
export async function pollTargets(parts: PollerParts, holder: string, until: Seconds): Promise<Polled> {
  const run = new Poller(parts, holder, until);
  let outcome: Polled['outcome'] = 'busy';
  while (await run.take()) {
    outcome = (await run.poll()) ? 'done' : 'lost';
    await parts.leases.release('poll-targets', holder);
    // Someone may have begun to wait after the last read, and have found the lease taken.
    const left = outcome === 'done' && parts.clock.now() < until ? await parts.waits.all() : [];
    if (left.length === 0) break;
  }
  return { outcome, ...run.done };
}

interface Aged {
  readonly shard: string;
  /** When it was looked at last, or that was tried. */
  readonly triedAt: Seconds;
}

class Poller {
  readonly done = { looks: 0, answered: 0, failures: [] as string[] };
  readonly #parts: PollerParts;
  readonly #holder: string;
  readonly #until: Seconds;
  #waits: readonly Wait[] = [];
  #looks = new Map<string, Look>();
  #began: Seconds | undefined;
  #renewAt: Seconds = 0;
  #readAt: Seconds = 0;
  #lookAt: Seconds = 0;
  #swept = 0;
  #lastWasWaited = false;

  constructor(parts: PollerParts, holder: string, until: Seconds) {
    this.#parts = parts;
    this.#holder = holder;
    this.#until = until;
  }

  async take(): Promise<boolean> {
    const now = this.#parts.clock.now();
    this.#renewAt = now + RENEW_EVERY;
    return this.#parts.leases.take('poll-targets', this.#holder, now + LEASE, now);
  }

  /** False: the lease was lost. */
  async poll(): Promise<boolean> {
    const { clock, health, shards } = this.#parts;
    this.#began ??= clock.now();
    const [names, looks] = await Promise.all([shards(), health.all()]);
    const known = new Set(names);
    for (const shard of looks.keys()) if (!known.has(shard)) await health.forget(shard);
    this.#looks = new Map(names.map((name) => [name, looks.get(name) ?? { triedAt: 0, targets: {} }]));
    this.#readAt = 0;
    const share = Math.ceil(names.length / TURN);
    for (;;) {
      const now = clock.now();
      if (now >= this.#until) return true;
      if (now >= this.#renewAt && !(await this.take())) return false;
      if (now >= this.#readAt) {
        this.#waits = await this.#parts.waits.all();
        this.#readAt = now + READ_EVERY;
      }
      const doubt = this.#doubtful(now);
      const owed = this.#swept < share * (Math.floor((now - this.#began) / MINUTE) + 1);
      const oldest = owed ? this.#oldest(this.#looks.keys()) : undefined;
      const turn = oldest !== undefined && now - oldest.triedAt >= MINUTE ? oldest : undefined;
      if (this.#waits.length === 0 && turn === undefined && doubt === undefined) return true;
      const isOverdue = turn !== undefined && now - turn.triedAt >= OLD;
      const next = isOverdue ? turn : (doubt ?? turn);
      if ((await this.#one(next)) && next === turn) this.#swept++;
    }
  }

  /**
   * One look, or a pause until there may be something to look at. `turn`: the group whose turn it is, if any.
   * @returns whether it was looked at
   */
  async #one(turn: Aged | undefined): Promise<boolean> {
    const { clock } = this.#parts;
    const waited = this.#oldest(this.#waits.map(({ shard }) => shard));
    const dueAt = waited === undefined ? Infinity : waited.triedAt + LOOK_EVERY;
    const due = dueAt <= clock.now() ? waited : undefined;
    const starving = turn !== undefined && clock.now() - turn.triedAt >= OLD;
    const next = due === undefined || (starving && this.#lastWasWaited) ? turn : due;
    if (next === undefined) {
      await clock.sleepUntil(Math.min(dueAt, this.#readAt, this.#until));
      return false;
    }
    if (this.#lookAt > clock.now()) await clock.sleepUntil(this.#lookAt);
    this.#lookAt = clock.now() + 1 / LOOKS_A_SECOND;
    this.#lastWasWaited = next === due;
    await this.#look(next.shard);
    return next === turn;
  }

  /**
   * A group of which one look has seen a target unhealthy: the second one, which tells whether it stays so, does not
   * wait for the group's next turn.
   */
  #doubtful(now: Seconds): Aged | undefined {
    for (const [shard, { triedAt, targets }] of this.#looks) {
      if (now - triedAt < DOUBT) continue;
      const isSeenOnce = ({ state, since }: { state: TargetHealth; since: Seconds }) =>
        state === 'unhealthy' && since === triedAt;
      if (Object.values(targets).some(isSeenOnce)) return { shard, triedAt };
    }
    return undefined;
  }

  #oldest(shards: Iterable<string>): Aged | undefined {
    let oldest: Aged | undefined;
    for (const shard of shards) {
      const triedAt = this.#looks.get(shard)?.triedAt ?? 0;
      if (oldest === undefined || triedAt < oldest.triedAt) oldest = { shard, triedAt };
    }
    return oldest;
  }

  async #look(shard: string): Promise<void> {
    const { clock, health, states } = this.#parts;
    const before = this.#looks.get(shard);
    const at = clock.now();
    this.done.looks++;
    let seen: ReadonlyMap<string, TargetHealth> | undefined;
    try {
      seen = await states(shard);
      this.#looks.set(shard, await health.seen(shard, seen, before, at));
    } catch (error) {
      this.#failed(`look at ${shard}`, error);
      this.#looks.set(shard, { triedAt: at, targets: before?.targets ?? {} });
      await health.failed(shard, before, String(error), at);
    }
    await Promise.all(
      this.#waits.filter((wait) => wait.shard === shard).map((wait) => this.#answer(wait, seen)),
    );
  }

  async #answer(wait: Wait, seen: ReadonlyMap<string, TargetHealth> | undefined): Promise<void> {
    const { clock, waits, answer } = this.#parts;
    const state = seen === undefined ? 'unknown' : (seen.get(wait.slice) ?? 'unused');
    const late = clock.now() >= wait.by;
    if (state !== wait.wanted && !late) return;
    try {
      if (await answer(wait.token, { state, late })) this.done.answered++;
      await waits.drop(wait);
      this.#waits = this.#waits.filter((one) => one !== wait);
    } catch (error) {
      this.#failed(`answer ${wait.slice}`, error);
    }
  }

  #failed(what: string, error: unknown): void {
    if (this.done.failures.length < 20) this.done.failures.push(`${what}: ${String(error)}`);
  }
}
