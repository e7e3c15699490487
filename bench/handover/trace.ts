import type { Called } from './app.ts';
import type { Answer } from './client.ts';
import type { Sample } from './meter.ts';
import type { Wanted } from './scenario.ts';

/** What happened in one hand-over, as it was seen from outside of the agents. Times in seconds from the notice on. */
export interface Trace {
  readonly linkMbits: number;
  readonly stateBytes: number;
  /** Of the state, in a second. */
  readonly dirty: number;
  /** Times at which the client got an answer, by who gave it. */
  readonly answers: { readonly old: readonly number[]; readonly new: readonly number[] };
  /** Each time that the old holder's application was asked for its changes; the last one when it was quiet. */
  readonly rounds: readonly Round[];
  /** What went through the cable from sample to sample. */
  readonly link: readonly { readonly from: number; readonly to: number; readonly bytes: number }[];
  /**
   * The old application accepts nothing any more; the new one serves; it is registered at the load balancer; that sends
   * there, and no more to the old one.
   */
  readonly quiet: number;
  readonly serves: number;
  readonly registered: number;
  readonly followed: number;
}

export interface Round {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Seconds of a trace before the notice. */
export const BEFORE = 2;

interface Seen {
  readonly wanted: Wanted;
  /** Times in ms since the epoch. */
  readonly notice: number;
  readonly registered: number;
  readonly followed: number;
  readonly answers: readonly Answer[];
  readonly old: readonly Called[];
  readonly fresh: readonly Called[];
  readonly samples: readonly Sample[];
}

/** @throws {Error} when the hand-over has no last round, or the new holder never served */
export function traceOf(seen: Seen): Omit<Trace, 'linkMbits'> {
  const { wanted, notice, answers, old, fresh, samples } = seen;
  const since = (ms: number) => (ms - notice) / 1000;
  const of = (holder: string) =>
    answers.filter((one) => one.holder === holder && since(one.at) >= -BEFORE).map(({ at }) => since(at));
  const rounds = old.filter(({ path }) => path === 'slots/0/changes');
  const quiet = old.find(({ path }) => path === 'quiesce');
  const serves = fresh.find(({ path, from }) => path === 'serve' && from > notice);
  if (quiet === undefined || serves === undefined)
    throw new Error('trace: expected the calls quiesce and serve, got a hand-over without them');
  return {
    stateBytes: wanted.bytes,
    dirty: wanted.dirty,
    answers: { old: of('old'), new: of('new') },
    rounds: rounds.map(({ from, to, bytes }) => ({ from: since(from), to: since(to), bytes })),
    link: samples.slice(1).flatMap(([at, bytes], i) => {
      const [from, before] = samples[i]!;
      return since(from) < -BEFORE ? [] : [{ from: since(from), to: since(at), bytes: bytes - before }];
    }),
    quiet: since(quiet.from),
    serves: since(serves.to),
    registered: since(seen.registered),
    followed: since(seen.followed),
  };
}
