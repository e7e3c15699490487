import type { Reason } from '../../core/capacity/plan.ts';
import type { Seconds } from '../../core/time.ts';
import { packFloats, packInts, packJson } from './codec.ts';
import type { ActionRecord, MoveRecord } from './run-record.ts';
import { actionSubject, actionWords, placeWords } from './words.ts';

const WORDS = ['subject', 'step', 'rule', 'outcome', 'considered'] as const;
const NUMBERS = ['after', 'ahead', 'median', 'q90', 'q99', 'need', 'have', 'value'] as const;

/**
 * Moves or actions as columns, in order of time. Word columns hold indices into `dictionaries` (in the order of
 * the keys of `words`); an absent number is `NaN`.
 */
export interface EventTable {
  readonly rows: number;
  /** Seconds since the row before; the first one since the run's start. */
  readonly at: string;
  /** Index of the shard that gets the slice, and of the one that gives it; −1 is none. */
  readonly into: string;
  readonly outOf: string;
  readonly words: { readonly [W in (typeof WORDS)[number]]: string };
  readonly dictionaries: string;
  readonly numbers: { readonly [N in (typeof NUMBERS)[number]]: string };
}

interface Row {
  readonly at: Seconds;
  readonly into: number;
  readonly outOf: number;
  readonly subject: string;
  readonly step: string;
  readonly outcome: string;
  /** Seconds until it was done. */
  readonly after: number | undefined;
  readonly reason: Reason;
}

export function moveTable(
  moves: readonly MoveRecord[],
  shards: ReadonlyMap<string, number>,
  start: Seconds,
): EventTable {
  const index = (place: { readonly kind: string; readonly shard?: string }) =>
    place.shard === undefined ? -1 : (shards.get(place.shard) ?? -1);
  const rows = moves.map(
    ({ at, move, outcome, doneAt }): Row => ({
      at,
      into: index(move.to),
      outOf: index(move.from),
      subject: move.slice,
      step: `${placeWords(move.from)} → ${placeWords(move.to)}`,
      outcome,
      after: doneAt === undefined ? undefined : doneAt - at,
      reason: move.reason,
    }),
  );
  return pack(rows, start);
}

/** In `into`, 0 stands for capacity that comes, in `outOf` for capacity that goes. */
export function actionTable(actions: readonly ActionRecord[], start: Seconds): EventTable {
  const rows = actions.map(({ at, action }): Row => {
    const goes = action.kind === 'release' || action.kind === 'discard';
    return {
      at,
      into: goes ? -1 : 0,
      outOf: goes ? 0 : -1,
      subject: actionSubject(action),
      step: actionWords(action),
      outcome: '',
      after: undefined,
      reason: action.reason,
    };
  });
  return pack(rows, start);
}

function pack(unsorted: readonly Row[], start: Seconds): EventTable {
  const rows = [...unsorted].sort((a, b) => a.at - b.at);
  const offsets = rows.map((row) => Math.round(row.at - start));
  const dictionaries: string[][] = [];
  const word = (of: (row: Row) => string) => {
    const known = new Map<string, number>();
    const indices = rows.map((row) => {
      const text = of(row);
      const index = known.get(text) ?? known.size;
      known.set(text, index);
      return index;
    });
    dictionaries.push([...known.keys()]);
    return packInts(indices);
  };
  const number = (of: (row: Row) => number | undefined) =>
    packFloats(rows.map((row) => of(row) ?? Number.NaN));
  return {
    rows: rows.length,
    at: packInts(offsets.map((offset, i) => offset - (offsets[i - 1] ?? 0))),
    into: packInts(rows.map((row) => row.into)),
    outOf: packInts(rows.map((row) => row.outOf)),
    words: {
      subject: word((row) => row.subject),
      step: word((row) => row.step),
      rule: word((row) => row.reason.rule),
      outcome: word((row) => row.outcome),
      considered: word((row) => (row.reason.considered ?? []).join('\n')),
    },
    dictionaries: packJson(dictionaries),
    numbers: {
      after: number((row) => row.after),
      ahead: number((row) => row.reason.ahead),
      median: number((row) => row.reason.forecast?.median),
      q90: number((row) => row.reason.forecast?.q90),
      q99: number((row) => row.reason.forecast?.q99),
      need: number((row) => row.reason.need),
      have: number((row) => row.reason.have),
      value: number((row) => row.reason.value),
    },
  };
}
