import { attempt, type Failure } from '../core/failure.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import type { RecordedMove } from './brake.ts';
import type { MinuteParts } from './minute-parts.ts';
import { type Round, runRound } from './round.ts';
import { failedEvent, tell } from './tell.ts';

export interface MinuteRun {
  /** Who runs: another one for every invocation. */
  readonly holder: string;
  /** When the process ends. */
  readonly endsAt: Seconds;
}

/** A round that is over. */
export interface Ended extends Round {
  readonly seconds: Seconds;
  /** Moves that failed since the round before, and those of this one that could not be started. */
  readonly failedMoves: number;
  /** What happened up to then was counted by rounds before this one. */
  readonly countedFrom: Seconds;
  /** What happened after it is counted by the next one. */
  readonly countedTo: Seconds;
}

export type MinuteResult =
  | {
      readonly outcome: 'done' | 'failed';
      readonly rounds: readonly Ended[];
      readonly failures: readonly Failure[];
    }
  /** Another one plans, and has been asked to plan once more. */
  | { readonly outcome: 'skipped' };

/** Seconds kept at the end for telling, remembering and letting go. */
const CLOSING: Seconds = 5;
/** Seconds that one more round needs. */
const ROUND: Seconds = 10;
const MOST_ROUNDS = 3;

/**
 * The tick: one at a time, by a lease that ends with the process, so that a tick which is killed keeps nobody from the
 * next one. A plan that is asked for meanwhile (an instance has arrived, Spot takes one) is not lost: it is noted, and
 * whoever plans looks at the note once it has let go of the lease.
 *
 * Never throws for what fails: that is in the result, published as TickFailed, and missing as a good tick.
 */
export async function minute(parts: MinuteParts, { holder, endsAt }: MinuteRun): Promise<MinuteResult> {
  const { clock, lease, memory } = parts;
  const failures: Failure[] = [];
  const rounds: Ended[] = [];
  const take = () => lease.take(holder, endsAt, clock.now());
  await attempt(failures, 'tick', async () => {
    let mine = await take();
    if (!mine) {
      await memory.ask(clock.now());
      // It may have been let go of just before the note was there to be seen.
      mine = await take();
    }
    while (mine) {
      const ended = await oneRound(parts, endsAt - CLOSING);
      rounds.push(ended);
      await lease.release(holder);
      const asked = await memory.askedAt();
      const isDue = asked !== undefined && asked >= ended.at && clock.now() + ROUND < endsAt;
      mine = isDue && rounds.length < MOST_ROUNDS && (await take());
    }
  });
  if (rounds.length === 0 && failures.length === 0) return { outcome: 'skipped' };
  if (failures.length > 0)
    await publishFailed(
      parts,
      clock.now(),
      rounds.some(({ good }) => good),
      failures,
    );
  const isDone = failures.length === 0 && rounds.every(({ tick }) => tick !== undefined);
  return {
    outcome: isDone ? 'done' : 'failed',
    rounds,
    failures: [...rounds.flatMap((round) => round.failures), ...failures],
  };
}

/** A round, and then what it has to tell: what could not be published is told again by the next one. */
async function oneRound(parts: MinuteParts, stopAt: Seconds): Promise<Ended> {
  const { clock, events, memory } = parts;
  const round = await runRound(parts, stopAt);
  const { at, failures, tick, known } = round;
  const telling = tick && known && tell(tick, known, known.last, known.before);
  let told = telling !== undefined;
  if (telling !== undefined && telling.events.length > 0)
    told = await attempt(failures, 'publish', () => events.publish(telling.events));
  const countedFrom = known?.before.countedAt ?? at - MINUTE;
  const countedTo = at - RECORDING;
  // By a round that has made a plan, good or not: only then the count is told, and what one has counted the next does not.
  const failedMoves = tick && round.moves && countFailed(round.moves, countedFrom, countedTo);
  const remembered = {
    ...(round.good && { goodAt: at }),
    ...(failedMoves !== undefined && { countedAt: countedTo }),
    ...(told && telling?.remember),
  };
  if (Object.keys(remembered).length > 0)
    round.good = (await attempt(failures, 'remember the tick', () => memory.write(remembered))) && round.good;
  if (failures.length > 0) await publishFailed(parts, at, round.good, failures);
  const unstarted = tick?.failures.filter(({ what }) => what.startsWith('move ')).length ?? 0;
  const seconds = clock.now() - at;
  return { ...round, seconds, failedMoves: (failedMoves ?? 0) + unstarted, countedFrom, countedTo };
}

/** Seconds within which the end of a move is recorded. */
const RECORDING: Seconds = 5;

function countFailed(moves: readonly RecordedMove[], from: Seconds, to: Seconds): number {
  return moves.filter(({ outcome, doneAt = 0 }) => outcome === 'failed' && doneAt > from && doneAt <= to)
    .length;
}

async function publishFailed({ events }: MinuteParts, at: Seconds, good: boolean, failures: Failure[]) {
  await attempt(failures, 'publish what failed', () => events.publish([failedEvent(at, good, failures)]));
}
