import { type ChildProcess, fork } from 'node:child_process';
import type { Said } from './child.ts';

/** A process is what one invocation of the function is. */
const CORES = 2;
/** MiB of young objects: what V8 takes by itself where there are at most 2 GiB, as the function has (1,769 MB). */
const SEMI_SPACE = 8;

export interface Chunks {
  /** On two cores that have nothing else to do: by CPU time, all threads of the processes. */
  readonly shardsPerMinute: number;
  /** As the clock on the wall saw it, with whatever else the machine did. */
  readonly shardsPerMinuteByWall: number;
  /** The larger process. */
  readonly peakMiB: number;
  readonly stateKiB: number;
}

/** Chunks of shards worked through as the function `forecast` does it, by one process per core at the same time. */
export async function measureChunks(): Promise<Chunks> {
  const children = Array.from({ length: CORES }, () =>
    fork(new URL('child.ts', import.meta.url), { execArgv: [`--max-semi-space-size=${SEMI_SPACE}`] }),
  );
  try {
    await Promise.all(children.map((child) => next(child, 'ready')));
    const answers = children.map((child) => next(child, 'done'));
    for (const child of children) child.send('go');
    const done = await Promise.all(answers);
    const shards = done.reduce((sum, one) => sum + one.shards, 0);
    const cpu = done.reduce((sum, one) => sum + one.cpuSeconds, 0);
    return {
      shardsPerMinute: (60 * CORES * shards) / cpu,
      shardsPerMinuteByWall: (60 * shards) / Math.max(...done.map(({ seconds }) => seconds)),
      peakMiB: Math.max(...done.map(({ peakMiB }) => peakMiB)),
      stateKiB: done[0]!.stateKiB,
    };
  } finally {
    for (const child of children) child.kill();
  }
}

function next<K extends Said['kind']>(child: ChildProcess, kind: K): Promise<Extract<Said, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const end = (code: number | null) =>
      reject(new Error(`speed: a measuring process ended with code ${code} before it was ${kind}`));
    child.once('exit', end);
    child.once('message', (said: Said) => {
      child.off('exit', end);
      if (said.kind === kind) resolve(said as Extract<Said, { kind: K }>);
      else reject(new Error(`speed: expected a measuring process to be ${kind}, got ${said.kind}`));
    });
  });
}
