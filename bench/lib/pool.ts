import { availableParallelism } from 'node:os';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/** Benches use at most two cores, as their time limits are given for two. */
const MOST_WORKERS = 2;

/** A piece of work; `weight` is its expected share of the whole, in any unit. */
export interface Task {
  readonly weight: number;
}

type Answer =
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * Runs tasks in worker threads, heavy ones first, and returns their results in the order of the tasks; the first
 * failure stops all. Results do not depend on the number of workers.
 * @param script a module that calls {@link serve}
 * @param shared given to each worker once
 * @param onProgress gets the weight that is done
 */
export async function runTasks<R>(
  script: URL,
  shared: unknown,
  tasks: readonly Task[],
  onProgress: (weight: number) => void = () => undefined,
): Promise<R[]> {
  const queue = tasks.map((_, i) => i).sort((a, b) => tasks[b]!.weight - tasks[a]!.weight || a - b);
  const results: R[] = [];
  const shares = new Float64Array(tasks.length);
  const report = (task: number, share: number) => {
    shares[task] = share;
    onProgress(shares.reduce((sum, each, i) => sum + each * tasks[i]!.weight, 0));
  };
  const drain = (worker: Worker) =>
    new Promise<void>((done, failed) => {
      let task: number | undefined;
      const next = () => {
        task = queue.shift();
        if (task === undefined) done();
        else worker.postMessage(tasks[task]);
      };
      worker.on('error', failed);
      worker.on('exit', (code) => failed(new Error(`worker ended with code ${code}`)));
      worker.on('message', (answer: Answer) => {
        if (answer.kind === 'failed') failed(answer.error);
        else if (answer.kind === 'progress') report(task!, answer.share);
        else {
          results[task!] = answer.result as R;
          report(task!, 1);
          next();
        }
      });
      next();
    });
  const count = Math.min(MOST_WORKERS, availableParallelism(), tasks.length);
  const workers = Array.from({ length: count }, () => new Worker(script, { workerData: shared }));
  try {
    await Promise.all(workers.map(drain));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}

/** The worker's side: `handle` does one task and may report which share of it is done. */
export function serve<S, T>(handle: (shared: S, task: T, report: (share: number) => void) => unknown): void {
  const port = parentPort;
  if (port === null) throw new Error('serve: expected to run in a worker thread');
  const answer = (message: Answer) => port.postMessage(message);
  port.on('message', async (task: T) => {
    try {
      answer({
        kind: 'done',
        result: await handle(workerData as S, task, (share) => answer({ kind: 'progress', share })),
      });
    } catch (error) {
      answer({ kind: 'failed', error });
    }
  });
}
