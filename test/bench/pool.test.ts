import { describe, expect, it } from 'vitest';
import { runTasks } from '../../bench/lib/pool.ts';

const script = new URL('./square-worker.ts', import.meta.url);

describe('the pool of workers', () => {
  it('returns results in the order of the tasks and reports all weight as done', async () => {
    const tasks = [3, 1, 2].map((value) => ({ weight: value, value }));
    const done: number[] = [];
    expect(await runTasks(script, 10, tasks, (weight) => done.push(weight))).toEqual([90, 10, 40]);
    expect(done.at(-1)).toBe(6);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    // Half of each task is reported on the way.
    expect(done).toHaveLength(6);
  });

  it('fails with a task’s own error', async () => {
    const tasks = [-1].map((value) => ({ weight: 1, value }));
    await expect(runTasks(script, 10, tasks)).rejects.toThrow('value: expected ≥ 0, got -1');
  });

  it('has nothing to do for no tasks', async () => {
    expect(await runTasks(script, 10, [])).toEqual([]);
  });
});
