import { DAY } from '../../core/time.ts';
import type { Answers, Case } from './answers.ts';
import { idsOf, Kept } from './kept.ts';
import { type Job, MODELS, MODELS_REVISION, type Model, runModels } from './statsforecast.ts';

/** Two cores. */
const PROCESSES = 2;

/** Days of history without which a model has nothing to go by. */
const FEWEST_DAYS: Partial<Record<Model, number>> = { 'SeasonalNaive week': 8, MSTL: 2 };

export interface PeerOptions {
  /** The Python that has statsforecast; undefined: only what was kept. */
  readonly python: string | undefined;
  readonly kept: string;
  readonly onProgress: (done: number, total: number) => void;
}

/** What statsforecast's models say of the cases. Answers are kept: a second run computes nothing. */
export async function askPeers(
  cases: readonly Case[],
  { python, kept: path, onProgress }: PeerOptions,
): Promise<Answers[]> {
  const kept = new Kept(path);
  const wanted = MODELS.map((peer) => ({
    peer,
    ids: cases.map((one) =>
      reaches(peer, cases, one.series.set) ? idsOf(`${MODELS_REVISION}|${peer}`, one) : [],
    ),
  }));
  const jobs = wanted.flatMap(({ peer, ids }) =>
    ids.flatMap((ofCase, series) =>
      ofCase.flatMap((id, o): Job[] =>
        kept.get(id) === undefined ? [{ id, peer, series, origin: cases[series]!.origins[o]! }] : [],
      ),
    ),
  );
  if (jobs.length > 0 && python !== undefined) {
    let done = 0;
    await runModels(python, cases, jobs, PROCESSES, (line) => {
      kept.add(line);
      onProgress(++done, jobs.length);
    });
  }
  return wanted.map(({ peer, ids }) => ({
    forecaster: peer,
    cases: ids.map((ofCase) => ofCase.map((id) => kept.get(id)?.quantiles)),
  }));
}

/** A model takes part in a set where each of its series is long enough at its first origin. */
function reaches(peer: Model, cases: readonly Case[], set: string): boolean {
  return cases
    .filter(({ series }) => series.set === set)
    .every(({ series, origins: [first = 0] }) => first * series.step >= (FEWEST_DAYS[peer] ?? 1) * DAY);
}
