import { runTasks } from '../lib/pool.ts';
import type { Answers, Case } from './answers.ts';
import { AUGURS, AUGURS_REVISION } from './augurs.ts';
import { OURS } from './forecasters.ts';
import { idsOf, Kept } from './kept.ts';
import { originsOf, type Part, type Series } from './sets.ts';
import type { Played, PlayTask, Shared } from './worker.ts';

/** Origins of a set together where a series is alone in it, in units of those of a series: its figures need some. */
const MOST_ALONE = 4;
/** Origins of a series at which ours is scored without peers. */
const OWN_ORIGINS = 400;
const BATCH = 100;

export interface Plan {
  /** Origins at which ours and peers are compared. */
  readonly cases: readonly Case[];
  /** More origins of the same series, for ours alone. */
  readonly own: readonly Case[];
}

export function planOf(
  sets: readonly (readonly Series[])[],
  part: Part,
  origins: number,
  wide: number,
): Plan {
  const all = sets.flatMap((ofSet) =>
    ofSet.map((series) => {
      const share = Math.min(MOST_ALONE, wide / ofSet.length);
      return {
        case: { series, origins: originsOf(series, part, Math.round(origins * share)) },
        own: { series, origins: originsOf(series, part, OWN_ORIGINS) },
      };
    }),
  );
  return { cases: all.map((one) => one.case), own: all.map(({ own }) => own) };
}

export interface Ours {
  /** At the origins shared with peers. */
  readonly answers: readonly Answers[];
  /** At its own. */
  readonly own: Answers;
  /** CPU time of a point taken in, forecasts at the origins included. */
  readonly times: readonly Time[];
}

export interface Time {
  readonly set: string;
  readonly forecaster: string;
  readonly msPerPoint: number;
}

/** Plays the series to each forecaster of ours, once. */
export async function askOurs(
  names: readonly string[],
  { cases, own }: Plan,
  onProgress: (share: number) => void,
): Promise<Ours> {
  const both = cases.map(({ series, origins }, c) => ({
    series,
    origins: [...new Set([...origins, ...own[c]!.origins])].sort((a, b) => a - b),
  }));
  const tasks = names.flatMap((forecaster) =>
    both.map(({ origins }, c): PlayTask => ({ forecaster, case: c, weight: (origins.at(-1) ?? 0) + 1 })),
  );
  const played = await playAll(both, tasks, onProgress);
  const at = (forecaster: string, of: readonly Case[]): Answers => ({
    forecaster,
    cases: of.map(({ origins }, c) => {
      const { answers } = played[names.indexOf(forecaster) * both.length + c]!;
      const where = new Map(both[c]!.origins.map((origin, o) => [origin, answers[o]]));
      return origins.map((origin) => where.get(origin));
    }),
  });
  const sets = [...new Set(cases.map(({ series }) => series.set))];
  const times = sets.flatMap((set) =>
    names.map((forecaster): Time => {
      const its = tasks.flatMap((task, t) =>
        task.forecaster === forecaster && both[task.case]!.series.set === set ? [t] : [],
      );
      const seconds = its.reduce((sum, t) => sum + played[t]!.seconds, 0);
      const points = its.reduce((sum, t) => sum + tasks[t]!.weight, 0);
      return { set, forecaster, msPerPoint: (1000 * seconds) / points };
    }),
  );
  return { answers: names.map((name) => at(name, cases)), own: at(OURS, own), times };
}

/** What plain augurs says; kept as the other peers' answers are. @param refresh false: only what was kept */
export async function askAugurs(
  cases: readonly Case[],
  path: string,
  refresh: boolean,
  onProgress: (share: number) => void,
): Promise<Answers> {
  const kept = new Kept(path);
  const ids = cases.map((one) => idsOf(AUGURS_REVISION, one));
  const missing = ids.flatMap((ofCase, c) =>
    ofCase.flatMap((id, o) =>
      kept.get(id) === undefined ? [{ id, case: c, origin: cases[c]!.origins[o]! }] : [],
    ),
  );
  if (refresh) {
    // Kept batch by batch: what is stopped goes on from there.
    for (let from = 0; from < missing.length; from += BATCH) {
      const batch = missing.slice(from, from + BATCH);
      const tasks = batch.map((one): PlayTask => ({ ...one, forecaster: AUGURS, weight: 1 }));
      const played = await playAll(cases, tasks, (share) =>
        onProgress((from + share * batch.length) / missing.length),
      );
      played.forEach(({ answers: [quantiles], seconds, failed }, t) => {
        kept.add({
          id: batch[t]!.id,
          quantiles: quantiles!,
          seconds,
          ...(failed !== undefined && { failed }),
        });
      });
    }
  }
  return {
    forecaster: AUGURS,
    cases: ids.map((ofCase) => ofCase.map((id) => kept.get(id)?.quantiles)),
  };
}

async function playAll(
  cases: readonly Case[],
  tasks: readonly PlayTask[],
  onProgress: (share: number) => void,
): Promise<Played[]> {
  const total = tasks.reduce((sum, { weight }) => sum + weight, 0);
  const shared: Shared = { cases };
  return runTasks<Played>(new URL('worker.ts', import.meta.url), shared, tasks, (done) =>
    onProgress(done / total),
  );
}
