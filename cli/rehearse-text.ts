import { formatNumber, formatSpan } from '../backtest/report/page/format.js';
import type { Seconds } from '../core/time.ts';
import type { Watched } from './rehearse-watch.ts';
import { formatTable } from './table.ts';

const MIB = 1_048_576;

/** How it ended for one slice. */
export interface Verdict {
  /** Whether something was lost. */
  readonly lost: boolean;
  readonly words: string;
}

/** What became of a slice's state and traffic. */
export function verdictOf({ slots, handOvers, outAt, deadline }: Watched): Verdict {
  if (slots.length === 0) {
    const inTime = outAt !== undefined && (deadline === undefined || outAt <= deadline);
    return inTime
      ? { lost: false, words: 'no state; drained in time' }
      : { lost: true, words: 'no state; went with its instance while it served' };
  }
  const done = handOvers.filter(({ phase }) => phase === 'done');
  const passed = new Set(done.flatMap((one) => one.slots.map(({ slot }) => slot)));
  const left = slots.filter((slot) => !passed.has(slot));
  const targets = [...new Set(done.map(({ target }) => target))].join(', ');
  if (left.length === 0) return { lost: false, words: `handed over to ${targets}` };
  const why = handOvers.findLast(({ phase }) => phase === 'failed')?.error;
  const reason = why ?? (handOvers.length === 0 ? 'there was no hand-over' : 'not over in time');
  return { lost: true, words: `LOST ${left.length} of ${slots.length} slots: ${reason}` };
}

/** The report, for a person. @param since when the rehearsal began */
export function reportOf(watched: readonly Watched[], since: Seconds): string {
  const rows = watched.map((one) => {
    const { shard, slice, rebalanceAt, noticeAt, handOvers, redirectedAt, outAt } = one;
    const copied = handOvers.reduce((sum, { progress }) => sum + (progress?.copiedBytes ?? 0), 0);
    const pauses = handOvers.flatMap(({ progress }) => progress?.pause ?? []);
    return [
      shard,
      slice,
      after(since, rebalanceAt),
      after(since, noticeAt),
      handOvers.length === 0 ? '–' : `${formatNumber(copied / MIB)} MiB`,
      pauses.length === 0 ? '–' : formatSpan(Math.max(...pauses)),
      after(noticeAt, redirectedAt),
      after(noticeAt, outAt),
      verdictOf(one).words,
    ];
  });
  const lost = watched.filter((one) => verdictOf(one).lost).length;
  const header = ['shard', 'slice', 'rebalance', 'notice', 'copied', 'pause', 'redirected', 'out', 'outcome'];
  return [
    formatTable(header, rows),
    'Rebalance and notice: since the start. Redirected and out: since the notice. As seen in the table, every two seconds.\n',
    lost === 0 ? 'Nothing was lost.\n' : `${lost} of ${watched.length} slices lost something.\n`,
  ].join('');
}

function after(from: Seconds | undefined, to: Seconds | undefined): string {
  if (from === undefined || to === undefined) return '–';
  const seconds = Math.round(to - from);
  return seconds >= 0 ? `${seconds} s` : `${-seconds} s before`;
}
