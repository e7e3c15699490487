import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LACKS } from '../aws/lacks.ts';
import { ELSEWHERE } from './elsewhere.ts';
import { exercised, listed } from './listed.ts';
import { page } from './page.ts';
import { synthesisedActions } from './synthesised.ts';

const MODEL = new URL('../model-aws/', import.meta.url);
const model = readdirSync(MODEL)
  .map((file) => readFileSync(new URL(file, MODEL), 'utf8'))
  .join('\n');
const granted = synthesisedActions();

describe('docs/verification.md', () => {
  it('lists every action that the template grants, and no other', () => {
    const uses = [...granted].flatMap(([role, actions]) =>
      [...actions].map((action) => `${role}: ${action}`),
    );
    const named = listed().map(({ role, action }) => `${role}: ${action}`);
    expect(uses.filter((one) => !named.includes(one))).toEqual([]);
    expect(named.filter((one) => !uses.includes(one))).toEqual([]);
  });

  it('fails on an action that is listed nowhere', () => {
    expect(() => listed({})).toThrow(/plan: cloudwatch:GetMetricData/);
  });

  it('has nothing exercised that is not granted', () => {
    const more = Object.entries(exercised()).flatMap(([role, actions]) =>
      Object.keys(actions).filter((action) => !granted.get(role)?.has(action)),
    );
    expect(more).toEqual([]);
  });

  it('explains nothing that needs no explanation', () => {
    const used = listed();
    const idle = ELSEWHERE.filter(
      ({ action, proof }) => !used.some((one) => one.action === action && one.where === proof),
    );
    expect(idle.map(({ action }) => action)).toEqual([]);
  });

  it('says of nothing that our model of AWS has it which it has not', () => {
    // Table, bucket and bus are behind interfaces, whose models have other words.
    const operations = ELSEWHERE.filter(
      ({ proof, action }) => proof === 'model' && !/^(dynamodb|s3|events):/.test(action),
    );
    expect(
      operations.map(({ action }) => action.split(':')[1]!).filter((name) => !model.includes(name)),
    ).toEqual([]);
  });

  it('names each lack once', () => {
    expect(new Set(LACKS.map(({ id }) => id)).size).toBe(LACKS.length);
    expect(new Set(LACKS.map(({ what }) => what)).size).toBe(LACKS.length);
  });

  it('is fresh: `node test/verification/write.ts`', () => {
    expect(readFileSync(new URL('../../docs/verification.md', import.meta.url), 'utf8')).toBe(page());
  });
});
