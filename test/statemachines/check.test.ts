import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { SHAPES } from '../../infra/functions.ts';
import type { FunctionName } from '../../lambdas/environment.ts';
import { findings } from '../../statemachines/check.ts';
import {
  loadMachine,
  MACHINES,
  type MachineName,
  machineText,
  tokenOf,
} from '../../statemachines/machines.ts';

// A CommonJS package whose default export is its exports object.
const validate = createRequire(import.meta.url)('asl-validator') as (machine: unknown) => {
  readonly isValid: boolean;
  readonly errorsText: () => string;
};

// biome-ignore lint/suspicious/noExplicitAny: a machine to be broken, anywhere.
type Loose = { [key: string]: any };

describe.each([...MACHINES])('%s.asl.json', (name) => {
  it('passes our checks', () => {
    expect(findings(name, machineText(name))).toEqual([]);
  });

  it('is valid to others once its tokens are replaced', () => {
    const machine = loadMachine(name, (one) => `arn:aws:lambda:eu-west-1:000000000000:function:${one}`);
    const result = validate(machine);
    expect(result.isValid, result.isValid ? '' : result.errorsText()).toBe(true);
  });
});

it('no function goes on working after its state has given it up', () => {
  // Where the forecast of all shards is asked for, it may take longer than one chunk's.
  const tasks = MACHINES.filter((name) => name !== 'forecast-fleet').flatMap((name) => {
    const { States } = loadMachine(name, (one) => one);
    const within = Object.values(States).flatMap((state) =>
      state.Type === 'Map' ? Object.values(state.ItemProcessor.States) : [state],
    );
    return within.flatMap((state) => (state.Type === 'Task' ? [state] : []));
  });
  for (const { Resource, TimeoutSeconds = 0 } of tasks)
    if (Resource in SHAPES)
      expect(SHAPES[Resource as FunctionName].timeout, Resource).toBeLessThanOrEqual(TimeoutSeconds);
});

/** What the checks say of a machine that was changed. */
function broken(name: MachineName, change: (machine: Loose) => void): string[] {
  const machine = JSON.parse(machineText(name));
  change(machine);
  return findings(name, JSON.stringify(machine));
}

/** Each check, and a change of a good file that it must refuse. */
const CASES: readonly (readonly [string, MachineName, (machine: Loose) => void, string])[] = [
  [
    'a token without a value',
    'move',
    (m) => (m.Comment += `\${${'Other'}}`),
    'token Other is replaced by nothing',
  ],
  [
    'a value without a token',
    'move',
    (m) => {
      m.States.CommitMove.Resource = 'arn:aws:lambda:eu-west-1:000000000000:function:x';
    },
    'token CommitMoveArn is given and not used',
  ],
  [
    'a Next to nowhere',
    'move',
    (m) => (m.States.ClaimSlice.Next = 'Elsewhere'),
    'ClaimSlice: no state Elsewhere',
  ],
  ['a Default to nowhere', 'move', (m) => (m.States['Claimed?'].Default = 'Gone'), 'Claimed?: no state Gone'],
  ['a Catch to nowhere', 'move', (m) => (m.States.CommitMove.Catch[0].Next = 'X'), 'CommitMove: no state X'],
  ['a StartAt to nowhere', 'move', (m) => (m.StartAt = 'Begin'), 'StartAt: no state Begin'],
  [
    'a state that nothing leads to',
    'move',
    (m) => (m.States.Island = { Type: 'Succeed' }),
    'Island: cannot be reached',
  ],
  [
    'the same inside a Map',
    'hand-over',
    (m) => (m.States.EvacuateSlices.ItemProcessor.States.Island = { Type: 'Succeed' }),
    'EvacuateSlices/Island: cannot be reached',
  ],
  [
    'a state that ends nowhere',
    'move',
    (m) => delete m.States.CommitMove.End,
    'CommitMove: neither ends nor goes on',
  ],
  [
    'a Choice without Default',
    'move',
    (m) => delete m.States['Undone?'].Default,
    'Undone?: expected a Default',
  ],
  [
    'a Task without TimeoutSeconds',
    'move',
    (m) => delete m.States.ClaimSlice.TimeoutSeconds,
    'expected TimeoutSeconds',
  ],
  ['a Task without Retry', 'move', (m) => delete m.States.ClaimSlice.Retry, 'ClaimSlice: expected a Retry'],
  [
    'a Retry without jitter',
    'move',
    (m) => delete m.States.ClaimSlice.Retry[0].JitterStrategy,
    'ClaimSlice: expected JitterStrategy FULL',
  ],
  [
    'a Task without Catch',
    'move',
    (m) => delete m.States.ClaimSlice.Catch,
    'ClaimSlice: expected a Catch of States.ALL',
  ],
  [
    'a Catch of less than all',
    'move',
    (m) => (m.States.ClaimSlice.Catch[0].ErrorEquals = ['States.Timeout']),
    'ClaimSlice: expected a Catch of States.ALL',
  ],
  [
    'a Map whose items can fail, without Catch',
    'forecast-fleet',
    (m) => delete m.States.ForecastChunks.Catch,
    'ForecastChunks: expected a Catch of States.ALL',
  ],
  [
    'a Task that calls another function than its name says',
    'move',
    (m) => {
      m.States.LetGo.Resource = `\${${tokenOf('commit-move')}}`;
    },
    'LetGo: expected to call UndoMove, got CommitMove',
  ],
  ['JSONata', 'move', (m) => (m.QueryLanguage = 'JSONata'), 'QueryLanguage: expected JSONPath'],
  [
    'variables',
    'move',
    (m) => (m.States.ClaimSlice.Assign = { x: 1 }),
    'ClaimSlice: Assign is not supported',
  ],
  [
    'heartbeats',
    'move',
    (m) => (m.States.AwaitUnused.HeartbeatSeconds = 5),
    'HeartbeatSeconds is not supported',
  ],
  [
    'a filter path',
    'move',
    (m) => (m.States.LostClaim.OutputPath = '$.l[?(@.v>1)]'),
    'path: expected $.name',
  ],
  [
    'a filter path in a payload',
    'move',
    (m) => (m.States.LookHealthy.Parameters['by.$'] = '$..by'),
    'path: expected $.name',
  ],
  [
    'a state type that we do not use',
    'move',
    (m) => (m.States.LostClaim.Type = 'Parallel'),
    'LostClaim: Type',
  ],
  [
    'a comment with another sum of retries',
    'move',
    (m) => (m.States.LetGo.Retry[1].MaxAttempts = 9),
    'Comment: expected',
  ],
];

describe('each check refuses what it is there for', () => {
  it.each(CASES)('%s', (_, name, change, line) => {
    expect(broken(name, change).join('\n')).toContain(line);
  });

  it('text that is no JSON before substitution', () => {
    const text = machineText('move').replace('"TimeoutSeconds": 30', `"TimeoutSeconds": \${${'Timeout'}}`);
    expect(findings('move', text).join('\n')).toContain('expected JSON before substitution');
  });
});
