import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answers } from './answers.ts';
import { AUGURS } from './augurs.ts';
import { drawing } from './draw.ts';
import { OURS, PARTS } from './forecasters.ts';
import { accuracyMetrics } from './metrics.ts';
import { askPeers } from './peers.ts';
import { accuracyText } from './print.ts';
import { type Score, scoresOf } from './score.ts';
import { type Part, readSets } from './sets.ts';
import { MODELS } from './statsforecast.ts';
import { askAugurs, askOurs, planOf } from './study.ts';

export interface AccuracyOptions {
  readonly files: readonly string[];
  readonly part: Part;
  /** Series of a set at most, and origins of a series. */
  readonly series: number;
  readonly origins: number;
  /** Folder where peers' answers are kept. */
  readonly out: string;
  /** The Python that has statsforecast; undefined: without it. */
  readonly python: string | undefined;
  /** False: peers' answers only as far as they were kept. */
  readonly refresh: boolean;
  /** Whether each expert and sample of ours is played alone, too. */
  readonly parts: boolean;
  readonly onProgress: (share: number, note: string) => void;
}

/** One part of a bench's result. */
export interface Measured {
  readonly metrics: Readonly<Record<string, number>>;
  readonly rows: readonly object[];
  readonly text: string;
}

/** Rolling origin: ours and its peers at the same points of every set. */
export async function measureAccuracy(options: AccuracyOptions): Promise<Measured> {
  const sets = await readSets(options.files, options.series);
  const plan = planOf(sets, options.part, options.origins, options.series);
  const kept = (name: string) => join(options.out, `${name}.jsonl`);
  const models = await askPeers(plan.cases, {
    python: options.refresh ? options.python : undefined,
    kept: kept('peers'),
    onProgress: (done, total) => options.onProgress(done / total, 'statsforecast'),
  });
  const augurs = await askAugurs(plan.cases, kept('augurs'), options.refresh, (share) =>
    options.onProgress(share, AUGURS),
  );
  const names = options.parts ? [OURS, ...PARTS] : [OURS];
  const ours = await askOurs(names, plan, (share) => options.onProgress(share, 'ours'));
  const scored = (answers: Answers) => scoresOf(plan.cases, answers);
  const scores = [...ours.answers, ...models, augurs].flatMap(scored);
  const own = scoresOf(plan.own, ours.own);
  const peers = [...MODELS, AUGURS];
  mkdirSync(options.out, { recursive: true });
  const page = join(options.out, 'forecasts.html');
  writeFileSync(page, drawing(scores, peers));
  const rows = [...scores.map((score) => rowOf(score, 'shared')), ...own.map((score) => rowOf(score, 'own'))];
  return {
    metrics: accuracyMetrics(scores, own, peers),
    rows,
    text: `${accuracyText(scores, own, peers, ours.times)}\ndrawn in ${page}\n`,
  };
}

function rowOf(score: Score, origins: 'shared' | 'own'): object {
  const { coverage, horizon, ...rest } = score;
  const [of10, of50, of90, of95, of99] = coverage;
  return {
    measure: 'accuracy',
    origins,
    ...rest,
    horizonSeconds: horizon,
    coverage10: of10,
    coverage50: of50,
    coverage90: of90,
    coverage95: of95,
    coverage99: of99,
  };
}
