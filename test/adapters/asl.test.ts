import { describe, expect, it } from 'vitest';
import type { Machine, State } from '../../adapters/local/asl/definition.ts';
import { fill, find, type Json, place, read } from '../../adapters/local/asl/paths.ts';
import { execute } from '../../adapters/local/asl/run.ts';
import { TaskTimedOut, Tokens } from '../../adapters/local/asl/tokens.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';

const FN = 'arn:aws:lambda:eu-west-1:000000000000:function:f';
const TOKEN = 'arn:aws:states:::lambda:invoke.waitForTaskToken';

/** Runs states from `A` on, every call answered by `answer`; tells the seconds that it took. */
async function run(
  states: Record<string, State>,
  input: Json,
  answer: (payload: Json, call: number) => unknown = (payload) => payload,
) {
  const clock = new VirtualClock(1000);
  const tokens = new Tokens();
  let calls = 0;
  const machine: Machine = { StartAt: 'A', States: states };
  const invoke = async (_: string, payload: Json) => answer(payload, calls++);
  const execution = await clock.settle(execute(machine, input, { clock, tokens, invoke }));
  return { execution, seconds: clock.now() - 1000, calls: () => calls, tokens };
}

const task = (more: object = {}): State => ({ Type: 'Task', Resource: FN, End: true, ...more }) as State;

describe('paths', () => {
  const data = { a: { b: [10, { c: 'x' }] }, n: null };

  it('lead to what is there, and say what is not', () => {
    expect(read('$.a.b[1].c', data)).toBe('x');
    expect(read('$', data)).toEqual(data);
    expect(read('$.n', data)).toBeNull();
    expect(find('$.a.z', data)).toBeUndefined();
    expect(() => read('$.a.z', data)).toThrow(/path \$\.a\.z leads nowhere/);
    expect(read('$$.Task.Token', data, { Task: { Token: 't' } })).toBe('t');
  });

  it('that are more than references are refused', () => {
    for (const path of ['$..a', '$.a[*]', '$.l[?(@.v>1)]', 'a.b'])
      expect(() => find(path, data)).toThrow(RangeError);
  });

  it('fill templates, and place results', () => {
    expect(fill({ 'x.$': '$.a.b[0]', y: [{ 'z.$': '$.n' }], w: '$.a' }, data, null)).toEqual({
      x: 10,
      y: [{ z: null }],
      w: '$.a',
    });
    expect(place('$.r.s', { a: 1, r: { t: 2 } }, 3)).toEqual({ a: 1, r: { t: 2, s: 3 } });
    expect(place(null, { a: 1 }, 3)).toEqual({ a: 1 });
    expect(place(undefined, { a: 1 }, 3)).toBe(3);
  });
});

describe('a Task', () => {
  it('retries with backoff as often as each retrier says, then catches', async () => {
    const Retry = [
      { ErrorEquals: ['Busy'], IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2, MaxDelaySeconds: 3 },
      { ErrorEquals: ['States.ALL'], IntervalSeconds: 10, MaxAttempts: 1 },
    ];
    const Catch = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.e', Next: 'B' }];
    const states = { A: task({ Retry, Catch }), B: { Type: 'Succeed' } as const };
    const busy = Object.assign(new Error('wait'), { name: 'Busy' });
    const { execution, seconds, calls } = await run(states, { x: 1 }, (_, call) => {
      throw call === 1 ? new Error('other') : busy;
    });
    // 1 (Busy), 10 (other), 2 and 3 (Busy).
    expect([calls(), seconds]).toEqual([5, 16]);
    expect(execution).toMatchObject({ output: { x: 1, e: { Error: 'Busy', Cause: 'wait' } } });
  });

  it('fails the execution where nothing catches', async () => {
    const { execution } = await run({ A: task() }, {}, () => {
      throw new TypeError('no');
    });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'TypeError', cause: 'no' });
  });

  it('is over after TimeoutSeconds; States.TaskFailed does not match that', async () => {
    const Catch = [
      { ErrorEquals: ['States.TaskFailed'], Next: 'B' },
      { ErrorEquals: ['States.Timeout'], Next: 'C' },
    ];
    const states = {
      A: task({ TimeoutSeconds: 7, Catch }),
      B: { Type: 'Fail', Error: 'B', Cause: '' } as const,
      C: { Type: 'Succeed' } as const,
    };
    const { execution, seconds } = await run(states, {}, () => new Promise(() => {}));
    expect([execution.status, seconds]).toEqual(['SUCCEEDED', 7]);
  });

  it('puts what undefined is over the wire, and refuses more than 256 KB, uncatchable', async () => {
    expect((await run({ A: task() }, {}, () => ({ a: undefined, b: 1 }))).execution).toMatchObject({
      output: { b: 1 },
    });
    const Catch = [{ ErrorEquals: ['States.ALL'], Next: 'A' }];
    const { execution } = await run({ A: task({ Catch }) }, {}, () => 'x'.repeat(300_000));
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  it('with a token ends by its answer, by a failure, or by the time-out; then the token is gone', async () => {
    const Parameters = { FunctionName: FN, Payload: { 'token.$': '$$.Task.Token' } };
    const wait = task({ Resource: TOKEN, Parameters, TimeoutSeconds: 60 });
    const clock = new VirtualClock(0);
    const tokens = new Tokens();
    const start = (act: (token: string) => void) => {
      const invoke = async (_: string, payload: Json) => {
        const { token } = payload as { token: string };
        clock.schedule(clock.now() + 5, () => act(token));
        return 'ignored';
      };
      return clock.settle(execute({ StartAt: 'A', States: { A: wait } }, {}, { clock, tokens, invoke }));
    };
    expect(await start((token) => tokens.succeed(token, { state: 'healthy' }))).toMatchObject({
      output: { state: 'healthy' },
    });
    expect(await start((token) => tokens.fail(token, 'No', 'because'))).toMatchObject({ error: 'No' });
    let late = '';
    expect(
      await start((token) => {
        late = token;
      }),
    ).toMatchObject({ error: 'States.Timeout' });
    expect(() => tokens.succeed(late, {})).toThrow(TaskTimedOut);
    expect(tokens.open).toEqual([]);
  });
});

describe('a Map', () => {
  const item = (States: Record<string, State>, Mode: 'INLINE' | 'DISTRIBUTED', more: object = {}): State =>
    ({
      Type: 'Map',
      ItemsPath: '$.items',
      ItemSelector: { 'v.$': '$$.Map.Item.Value', 'i.$': '$$.Map.Item.Index', 'k.$': '$.k' },
      ItemProcessor: { ProcessorConfig: { Mode }, StartAt: 'A', States },
      End: true,
      ...more,
    }) as State;

  it('runs its items side by side, and gathers in order', async () => {
    const states = { A: item({ A: { Type: 'Wait', Seconds: 3, Next: 'B' }, B: task() }, 'INLINE') };
    const { execution, seconds } = await run(states, { items: ['a', 'b'], k: 7 });
    expect(seconds).toBe(3);
    expect(execution).toMatchObject({
      output: [
        { v: 'a', i: 0, k: 7 },
        { v: 'b', i: 1, k: 7 },
      ],
    });
  });

  it('fails with an item when inline, and tolerates a share of failures when distributed', async () => {
    const failing = (payload: Json) => {
      if ((payload as { v: number }).v === 2) throw new Error('two');
      return payload;
    };
    const input = { items: [1, 2, 3, 4], k: 0 };
    expect((await run({ A: item({ A: task() }, 'INLINE') }, input, failing)).execution.status).toBe('FAILED');
    const tolerant = item({ A: task() }, 'DISTRIBUTED', { ToleratedFailurePercentage: 25 });
    expect((await run({ A: tolerant }, input, failing)).execution).toMatchObject({ output: { length: 3 } });
    const strict = item({ A: task() }, 'DISTRIBUTED', { ToleratedFailurePercentage: 24 });
    expect((await run({ A: strict }, input, failing)).execution).toMatchObject({
      error: 'States.ExceedToleratedFailureThreshold',
    });
  });
});

describe('Wait, Choice, Pass, Fail', () => {
  it('waits until a stamp, and not at all for one that has passed', async () => {
    const states = { A: { Type: 'Wait', TimestampPath: '$.at', End: true } as const };
    expect((await run(states, { at: '1970-01-01T00:17:00Z' })).seconds).toBe(20);
    expect((await run(states, { at: '1970-01-01T00:10:00Z' })).seconds).toBe(0);
    expect((await run(states, { at: 'soon' })).execution).toMatchObject({ error: 'States.Runtime' });
  });

  it('chooses by the first rule that holds; a rule about what is not there fails, as on AWS', async () => {
    const choice = {
      Type: 'Choice',
      Choices: [
        {
          And: [
            { Variable: '$.x', IsPresent: true },
            { Variable: '$.x', StringEquals: 'y' },
          ],
          Next: 'Y',
        },
        { Variable: '$.late', BooleanEquals: false, Next: 'N' },
      ],
      Default: 'D',
    } as const;
    const states = Object.fromEntries([
      ['A', choice],
      ...['Y', 'N', 'D'].map((name) => [name, { Type: 'Pass', Parameters: { name }, End: true }]),
    ]);
    const taken = async (input: Json) => (await run(states, input)).execution;
    expect(await taken({ x: 'y' })).toMatchObject({ output: { name: 'Y' } });
    expect(await taken({ x: 'z', late: false })).toMatchObject({ output: { name: 'N' } });
    expect(await taken({ late: true })).toMatchObject({ output: { name: 'D' } });
    expect(await taken({})).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });

  it('refuses a machine that uses more of the language', async () => {
    const machine = { StartAt: 'A', States: { A: { Type: 'Parallel', Branches: [] } } } as unknown as Machine;
    const world = { clock: new VirtualClock(0), tokens: new Tokens(), invoke: async () => null };
    await expect(execute(machine, {}, world)).rejects.toThrow('A: Type: expected one of Task');
  });
});
