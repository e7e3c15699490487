import { SFNClient } from '@aws-sdk/client-sfn';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler as activateSlice } from '../../lambdas/activate-slice/handler.ts';
import { handler as awaitTarget } from '../../lambdas/await-target/handler.ts';
import { handler as claimSlice } from '../../lambdas/claim-slice/handler.ts';
import { handler as commitMove } from '../../lambdas/commit-move/handler.ts';
import { handler as evacuateSlice } from '../../lambdas/evacuate-slice/handler.ts';
import { handler as finishEvacuation } from '../../lambdas/finish-evacuation/handler.ts';
import { parseInput } from '../../lambdas/lib/input.ts';
import { failureOf, moveState } from '../../lambdas/lib/move-state.ts';
import { handler as noteInterruption } from '../../lambdas/note-interruption/handler.ts';
import { handler as placeStandby } from '../../lambdas/place-standby/handler.ts';
import { answer, handler as pollTargets } from '../../lambdas/poll-targets/handler.ts';
import { handler as undoMove } from '../../lambdas/undo-move/handler.ts';
import { handler as wakeInstance } from '../../lambdas/wake-instance/handler.ts';
import { working } from './working.ts';

const input = {
  move: {
    id: 'm',
    slice: 'i-1:8080',
    from: { kind: 'active', shard: 'a' },
    to: { kind: 'active', shard: 'b' },
    reason: { rule: 'forecast', ahead: 60 },
  },
  version: 3,
  holder: 'move/m',
  plannedAt: 1,
  drainedAt: 61,
  drainedStamp: '1970-01-01T00:01:01Z',
  drainBy: 181,
  healthyBy: 281,
  holdUntil: 521,
  leaves: false,
};

describe('the state of a move', () => {
  const why = (more: object) => failureOf(parseInput('undo-move', moveState, { ...input, ...more }));
  const claim = { outcome: 'draining' };
  const activated = { outcome: 'activated' };
  const failure = {
    Error: 'TypeError',
    Cause: '{"errorType":"TypeError","errorMessage":"no","trace":["a"]}',
  };

  it.each([
    [{ failure }, 'claim'],
    [{ failure, claim }, 'activate'],
    [{ failure, claim, activated: { outcome: 'again' } }, 'activate'],
    [{ failure, claim, activated, healthy: { Error: 'States.Timeout' } }, 'health'],
    [{ failure, claim, activated, healthy: { state: 'healthy', late: false } }, 'commit'],
  ])('says in which step what is unexpected came: %j', (more, step) => {
    expect(why(more)).toEqual({ step, error: 'TypeError: no' });
  });

  it('says what was expected and did not come', () => {
    const leave = { outcome: 'failed', step: 'leave', error: 'exit code 1' };
    expect(why({ claim, activated: leave })).toEqual({ step: 'leave', error: 'exit code 1' });
    expect(why({ claim, activated, healthy: { state: 'unhealthy', late: true } })).toEqual({
      step: 'health',
      error: 'slice i-1:8080 is unhealthy at 281, not healthy',
      health: 'unhealthy',
    });
  });

  it('says that the way back failed too, and cuts what is too long', () => {
    const undoFailure = { Error: 'States.Timeout', Cause: 'x'.repeat(9000) };
    const { error } = why({ failure, undoFailure });
    expect(error).toMatch(/^TypeError: no; way back: States\.Timeout: x+$/);
    expect(error.length).toBeLessThan(600);
  });

  it('names what is wrong with an input', () => {
    const wrong = { ...input, version: 'x', move: { ...input.move, slice: '' } };
    expect(() => parseInput('claim-slice', moveState, wrong)).toThrow(
      /move\.slice: .*got ""\n.*version: .*got "x"/,
    );
  });
});

describe('await-target', () => {
  const event = { slice: 'i-1:8080', shard: 'a', wanted: 'unused', by: 100 } as const;
  const stage = (held: boolean) => {
    const calls: string[] = [];
    const parts = {
      waits: { add: async (wait: object) => void calls.push(JSON.stringify(wait)) },
      leases: { isHeld: async () => held },
      startPoller: async () => void calls.push('start'),
      loadBalancer: { health: async () => 'draining' as const },
    };
    return { calls, parts };
  };

  it('notes the wait before it starts the poller, and does not start a second one', async () => {
    const { calls, parts } = stage(false);
    await awaitTarget.work({ ...event, token: 't' }, working(parts, { now: 50 }));
    expect(calls).toEqual([JSON.stringify({ ...event, token: 't' }), 'start']);
    const other = stage(true);
    await awaitTarget.work({ ...event, token: 't' }, working(other.parts, { now: 50 }));
    expect(other.calls).toHaveLength(1);
  });

  it('looks itself without a token', async () => {
    const { calls, parts } = stage(false);
    expect(await awaitTarget.work(event, working(parts, { now: 99 }))).toEqual({
      state: 'draining',
      late: false,
    });
    expect(await awaitTarget.work(event, working(parts, { now: 100 }))).toEqual({
      state: 'draining',
      late: true,
    });
    expect(calls).toEqual([]);
  });
});

describe('poll-targets answers', () => {
  const refuse = (name: string) =>
    vi.spyOn(SFNClient.prototype, 'send').mockImplementation(async () => {
      throw Object.assign(new Error(name), { name });
    });
  afterEach(() => vi.restoreAllMocks());

  it('a token that nobody knows any more with false', async () => {
    for (const name of ['TaskTimedOut', 'InvalidToken', 'TaskDoesNotExist']) {
      refuse(name);
      expect(await answer('t', { state: 'unused', late: false })).toBe(false);
    }
  });

  it('and passes on what else goes wrong', async () => {
    refuse('ThrottlingException');
    await expect(answer('t', { state: 'unused', late: false })).rejects.toThrow('ThrottlingException');
  });
});

describe('each step is wired from its environment', () => {
  const context = { getRemainingTimeInMillis: () => 1000 } as Context;
  beforeEach(() => {
    const all = ['SERVICE', 'TABLE', 'BUCKET', 'BUS', 'STEADY_GROUP', 'SPOT_GROUP', 'HOOK_DOCUMENT'];
    const more = ['MOVE_MACHINE', 'PLAN_FUNCTION', 'POLL_FUNCTION', 'AWS_REGION'];
    for (const name of [...all, ...more]) vi.stubEnv(name, 'x');
    vi.stubEnv('POWERTOOLS_DEV', 'true');
    vi.spyOn(console, 'error').mockImplementation(() => {});
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it.each([
    ['claim-slice', claimSlice],
    ['await-target', awaitTarget],
    ['activate-slice', activateSlice],
    ['commit-move', commitMove],
    ['undo-move', undoMove],
    ['poll-targets', pollTargets],
    ['wake-instance', wakeInstance],
    ['place-standby', placeStandby],
    ['note-interruption', noteInterruption],
    ['evacuate-slice', evacuateSlice],
    ['finish-evacuation', finishEvacuation],
  ])('%s', async (name, handler) => {
    // Everything is wired before the input is looked at.
    await expect(handler('no event', context)).rejects.toThrow(`input of ${name}: event: `);
  });
});
