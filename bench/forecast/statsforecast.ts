import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DAY } from '../../core/time.ts';
import type { Case } from './answers.ts';
import type { Line } from './kept.ts';

/** Others use the cores too. */
const NICE = 5;

/** The models of peers.py. */
export const MODELS = [
  'Naive',
  'SeasonalNaive day',
  'SeasonalNaive week',
  'AutoETS',
  'AutoTheta',
  'MSTL',
  'AutoARIMA',
] as const;
export type Model = (typeof MODELS)[number];

/** Rises with every change of what a model does with the same values. */
export const MODELS_REVISION = 'statsforecast 2.1.1, 1';

export interface Job {
  readonly id: string;
  readonly peer: Model;
  /** Index of the case. */
  readonly series: number;
  /** Index of the newest value that is known. */
  readonly origin: number;
}

/**
 * Runs statsforecast's models in processes of their own, one core each.
 * @param take gets each answer as it comes
 * @throws {Error} with the last line of stderr when a process fails
 */
export async function runModels(
  python: string,
  cases: readonly Case[],
  jobs: readonly Job[],
  processes: number,
  take: (line: Line) => void,
): Promise<void> {
  const running: ChildProcess[] = [];
  const parts = Array.from({ length: processes }, (_, p) => jobs.filter((_, j) => j % processes === p));
  try {
    await Promise.all(
      parts.filter((part) => part.length > 0).map((part) => runOne(python, cases, part, running, take)),
    );
  } finally {
    for (const child of running) child.kill();
  }
}

async function runOne(
  python: string,
  cases: readonly Case[],
  jobs: readonly Job[],
  running: ChildProcess[],
  take: (line: Line) => void,
): Promise<void> {
  const script = new URL('peers.py', import.meta.url).pathname;
  const child = spawn('nice', ['-n', String(NICE), python, script], { stdio: ['pipe', 'pipe', 'pipe'] });
  running.push(child);
  let said = '';
  child.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-2000);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`peers.py ended with code ${code}: ${said.trim().split('\n').at(-1)}`));
    });
  });
  // A process that ends before it has read everything is told of by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(asked(cases, jobs)));
  const answers = (async () => {
    for await (const line of createInterface({ input: child.stdout })) take(JSON.parse(line) as Line);
  })();
  await Promise.all([ended, answers]);
}

function asked(cases: readonly Case[], jobs: readonly Job[]): object {
  const used = [...new Set(jobs.map(({ series }) => series))];
  const series = used.map((id) => {
    const { values, step, horizons } = cases[id]!.series;
    const day = Math.max(2, Math.round(DAY / step));
    // JSON has no NaN: a missing value becomes null.
    return [id, { values: Array.from(values), day, week: 7 * day, horizons }];
  });
  return {
    series: Object.fromEntries(series),
    jobs: jobs.map(({ series: id, ...job }) => ({ ...job, series: String(id) })),
  };
}
