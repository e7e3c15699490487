import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LACKS } from '../aws/lacks.ts';
import { ELSEWHERE } from './elsewhere.ts';
import { exercised, listed } from './listed.ts';
import { page } from './page.ts';
import { synthesisedActions } from './synthesised.ts';

describe('docs/verification.md', () => {
  it('lists every action that the template grants, and no other', () => {
    const granted = [...synthesisedActions()].flatMap(([role, actions]) =>
      [...actions].map((action) => `${role}: ${action}`),
    );
    const named = listed().map(({ role, action }) => `${role}: ${action}`);
    expect(granted.filter((one) => !named.includes(one))).toEqual([]);
    expect(named.filter((one) => !granted.includes(one))).toEqual([]);
  });

  it('fails on an action that is listed nowhere', () => {
    expect(() => listed({})).toThrow(/plan: dynamodb:GetItem/);
  });

  it('has nothing exercised that is not granted', () => {
    const granted = synthesisedActions();
    const more = Object.entries(exercised()).flatMap(([role, actions]) =>
      Object.keys(actions).filter((action) => !granted.get(role)?.has(action)),
    );
    expect(more).toEqual([]);
  });

  it('explains nothing that was exercised by all', () => {
    const used = listed();
    const idle = ELSEWHERE.filter(
      ({ action, proof }) => !used.some((one) => one.action === action && one.where === proof),
    );
    expect(idle.map(({ action }) => action)).toEqual([]);
  });

  it('names each lack once', () => {
    expect(new Set(LACKS.map(({ id }) => id)).size).toBe(LACKS.length);
    expect(new Set(LACKS.map(({ what }) => what)).size).toBe(LACKS.length);
  });

  it('is fresh: `node test/verification/write.ts`', () => {
    expect(readFileSync(new URL('../../docs/verification.md', import.meta.url), 'utf8')).toBe(page());
  });
});
