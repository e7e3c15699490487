import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Ended, KINDS, numberOf, play, type Trouble } from './scenario.ts';

let calm: Ended;
beforeAll(async () => {
  calm = await play([]);
  expect(calm).toMatchObject({ phase: 'done', wrongs: [] });
});

describe.each(['source', 'target'] as const)('the agent of the %s', (at) => {
  test.each(KINDS)(
    '%s at every step: one holder per slot, no acknowledged write lost',
    async (kind) => {
      const failed: string[] = [];
      for (let number = 1; number <= calm.steps[at].length; number += 1) {
        // Before one step and after the next: each gap between two steps is met.
        const trouble: Trouble = { at, number, after: number % 2 === 0, kind };
        const ended = await play([numberOf(calm, trouble)]);
        for (const wrong of ended.wrongs)
          failed.push(
            `${trouble.after ? 'after' : 'before'} ${number} ${calm.steps[at][number - 1]}: ${wrong}`,
          );
      }
      expect(failed).toEqual([]);
    },
    300_000,
  );
});

test('a source that hears no answer to its last changes, and a target that is slow, do not both serve', async () => {
  const ready = calm.steps.target.indexOf('link.send7') + 1;
  const failed: string[] = [];
  for (let later = 1; later <= 12; later += 1)
    for (const after of [false, true]) {
      const troubles: Trouble[] = [
        { at: 'target', number: ready, after: false, kind: 'cut' },
        { at: 'target', number: ready + later, after, kind: 'pause' },
      ];
      const { wrongs } = await play(troubles.map((one) => numberOf(calm, one)));
      failed.push(...wrongs.map((wrong) => `${later} later: ${wrong}`));
    }
  expect(failed).toEqual([]);
}, 300_000);

test('several troubles at any steps, also of agents that were restarted', async () => {
  const trouble = fc.record({
    at: fc.constantFrom('source', 'target'),
    number: fc.integer({ min: 1, max: 50 }),
    after: fc.boolean(),
    kind: fc.constantFrom(...KINDS.filter((kind) => kind !== 'terminate')),
    life: fc.constantFrom(0, 0, 1),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(trouble, { minLength: 2, maxLength: 4 }), async (troubles) => {
      const { wrongs, logs } = await play(troubles.map((one) => numberOf(calm, one)));
      if (wrongs.length > 0) throw new Error(`${wrongs.join('\n')}\n${logs}`);
    }),
    { numRuns: 40, seed: 20261121 },
  );
}, 300_000);
