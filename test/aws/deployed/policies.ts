import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exercised as listed } from '../../verification/listed.ts';
import { synthesisedActions } from '../../verification/synthesised.ts';
import { callersOf, exercisedBy } from '../exercised.ts';
import { callsAt } from '../recorder.ts';
import type { World } from '../world.ts';

/** Written at each run: what test/aws/exercised.json should be. */
const SEEN = new URL('../../../out/exercised.json', import.meta.url);

/** What the functions called in all of the run, held to their policies. */
export function policies(own: () => World, example: () => World): void {
  const seen = async () => {
    const callers = await Promise.all([own(), example()].map((one) => callersOf(one.control, one.service)));
    const { where } = own();
    const calls = [...(await callsAt(where.ministack)), ...(await callsAt(where.moto))];
    return { calls, callers, exercised: exercisedBy(calls, callers) };
  };

  it('were never in the way', async () => {
    const { calls, callers } = await seen();
    const refused = calls.filter((call) => call.refused && callers.some((one) => one.nameOf(call)));
    expect(refused).toEqual([]);
  });

  it('allow each call at moto, which does not ask', async () => {
    const granted = synthesisedActions();
    const { exercised } = await seen();
    const more = Object.entries(exercised).flatMap(([name, actions]) =>
      Object.keys(actions)
        .filter((action) => !granted.get(name)?.has(action))
        .map((action) => `${name}: ${action}`),
    );
    expect(more).toEqual([]);
  });

  it('were exercised as docs/verification.md says', async () => {
    const { exercised } = await seen();
    mkdirSync(new URL('.', SEEN), { recursive: true });
    writeFileSync(SEEN, `${JSON.stringify(exercised, null, 2)}\n`);
    const missing = Object.entries(listed()).flatMap(([name, actions]) =>
      Object.entries(actions)
        .filter(([action, server]) => exercised[name]?.[action] !== server)
        .map(([action, server]) => `${name}: ${action} on ${server}`),
    );
    expect(missing, 'listed in test/aws/exercised.json, not seen in this run').toEqual([]);
  });
}
