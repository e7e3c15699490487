import { beforeAll, describe, expect, test } from 'vitest';
import { type Ended, KINDS, play, type Trouble } from './scenario.ts';

let calm: Ended;
beforeAll(async () => {
  calm = await play(undefined);
  expect(calm).toMatchObject({ phase: 'done', wrongs: [] });
});

describe.each(['source', 'target'] as const)('the agent of the %s', (at) => {
  test.each(KINDS)(
    '%s at every step: one holder per slot, no acknowledged write lost',
    async (kind) => {
      const { first, steps } = calm;
      const failed: string[] = [];
      const phases = new Map<string, number>();
      for (let i = 1; i <= steps[at].length; i += 1)
        for (const after of [false, true]) {
          const trouble: Trouble = { at, number: first[at] + i, after, kind };
          const ended = await play(trouble);
          const how = `${ended.phase}${ended.error ? `: ${ended.error}` : ''}`;
          phases.set(how, (phases.get(how) ?? 0) + 1);
          if (ended.wrongs.length > 0) {
            failed.push(
              `${after ? 'after' : 'before'} ${i} ${steps[at][i - 1]}: ${how}: ${ended.wrongs.slice(0, 3).join('; ')}`,
            );
            if (process.env.DBG) console.log(failed.at(-1), '\n', ended.logs);
          }
        }
      if (process.env.SHOW) console.log(at, kind, phases);
      expect(failed).toEqual([]);
    },
    300_000,
  );
});
