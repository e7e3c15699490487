import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Copy, CopyError, type PreCopy, preCopy, type Round } from '../../../agent/transfer/index.ts';
import { type CopyStanding, nextStep, predictCopy, stepWithin } from '../../../core/hand-over/predict.ts';
import type { HandOverProgress } from '../../../core/hand-over/record.ts';

const MB = 1_000_000;

interface Link {
  readonly stateBytes: number;
  readonly dirty: number;
  readonly bytesPerSecond: number;
}

/** A copy in virtual time: what changed since the last round was read goes as fast as the link is. */
class VirtualCopy implements Copy {
  now = 0;
  rounds = 0;
  readonly acknowledged = { bytes: 0, wireBytes: 0 };
  readonly closed = new Promise<Error | undefined>(() => undefined);
  readonly #link: Link;
  #readAt: number | undefined;
  readonly #waiters: { at: number; go: () => void }[] = [];

  constructor(link: Link) {
    this.#link = link;
  }

  async round(_source: unknown, _slots: unknown, signal?: AbortSignal): Promise<Round> {
    const { stateBytes, dirty, bytesPerSecond } = this.#link;
    const bytes =
      this.#readAt === undefined ? stateBytes : Math.min(stateBytes, dirty * (this.now - this.#readAt));
    this.#readAt = this.now;
    this.rounds += 1;
    const from = this.now;
    const end = from + bytes / bytesPerSecond + 0.001;
    const base = this.acknowledged.bytes;
    while (this.now < end) {
      await new Promise((go) => setImmediate(go));
      if (signal?.aborted) throw signal.reason;
      const next = Math.min(end, ...this.#waiters.map(({ at }) => at));
      this.now = Math.max(this.now, next);
      this.acknowledged.bytes = base + (bytes * (this.now - from)) / (end - from);
      this.#wake();
    }
    return { bytes, wireBytes: bytes, seconds: end - from };
  }

  /** Time that passes by itself while no round is under way. */
  wait = (seconds: number, signal: AbortSignal): Promise<void> => {
    const at = this.now + seconds;
    return new Promise((go) => {
      this.#waiters.push({ at, go });
      signal.addEventListener('abort', () => go());
    });
  };

  /** Nothing else happens: the next waiter's time comes. */
  async idle(): Promise<void> {
    await new Promise((go) => setImmediate(go));
    const next = Math.min(...this.#waiters.map(({ at }) => at));
    if (Number.isFinite(next)) this.now = Math.max(this.now, next);
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters.filter(({ at }) => at <= this.now)) {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      waiter.go();
    }
  }

  finish = this.round;
  serve = async () => undefined;
  abort = async () => undefined;
  close = async () => undefined;
}

const SOURCE = { changes: async () => ({ token: '', stream: Readable.from([]) }) };

function run(link: Link, more: Partial<PreCopy> = {}) {
  const copy = new VirtualCopy(link);
  const progress: HandOverProgress[] = [];
  const done = preCopy({
    copy,
    source: SOURCE,
    slots: [0],
    stateBytes: link.stateBytes,
    dirtyBytesPerSecond: link.dirty,
    fixedPause: 0.2,
    isGo: () => true,
    deadline: () => undefined,
    now: () => copy.now,
    wait: copy.wait,
    onProgress: (one) => progress.push(one),
    ...more,
  });
  return { copy, progress, done };
}

describe('the pre-copy', () => {
  it('switches when what is left takes a tenth of a second', async () => {
    const { copy, done } = run({ stateBytes: 1000 * MB, dirty: 100 * MB, bytesPerSecond: 600 * MB });
    const { outcome, progress } = await done;
    expect(outcome).toBe('switch');
    expect(progress.predictedPause).toBeLessThan(0.35);
    expect(copy.rounds).toBeLessThanOrEqual(4);
    expect(progress.bytesPerSecond / MB).toBeCloseTo(600, -1);
  });

  it('says that it is outrun, and switches when rounds do not help', async () => {
    const { progress, done } = run({ stateBytes: 1000 * MB, dirty: 150 * MB, bytesPerSecond: 100 * MB });
    const { outcome } = await done;
    expect(outcome).toBe('switch');
    expect(progress.some(({ outrun }) => outrun)).toBe(true);
    // Said during the first round already, not when it is too late.
    expect(progress[2]!.outrun).toBe(true);
  });

  it('gives up early when neither way fits before the deadline, and stops the round', async () => {
    const link = { stateBytes: 4000 * MB, dirty: 0, bytesPerSecond: 50 * MB };
    const { copy, done } = run(link, { deadline: () => 60 });
    expect((await done).outcome).toBe('deadline');
    expect(copy.now).toBeLessThan(5);
  });

  it('quiesces in the midst of a round when only that fits', async () => {
    // One round takes 40 s, and what changes in it as long again.
    const link = { stateBytes: 4000 * MB, dirty: 200 * MB, bytesPerSecond: 100 * MB };
    const { copy, done } = run(link, { deadline: () => 60 });
    expect((await done).outcome).toBe('switch');
    expect(copy.now).toBeLessThan(5);
  });

  it('takes an estimate for what it is: a round that goes well is not given up', async () => {
    const link = { stateBytes: 1000 * MB, dirty: 10 * MB, bytesPerSecond: 100 * MB };
    const { done } = run(link, { deadline: () => 118, stateBytes: 0, dirtyBytesPerSecond: 0 });
    expect((await done).outcome).toBe('switch');
  });

  it('keeps the copy fresh until it is told to go, with a part of the link', async () => {
    const link = { stateBytes: 1000 * MB, dirty: 10 * MB, bytesPerSecond: 100 * MB };
    let go = false;
    const { copy, done } = run(link, { isGo: () => go });
    let settled = false;
    void done.then(() => {
      settled = true;
    });
    while (copy.now < 300) await copy.idle();
    expect(settled).toBe(false);
    expect(copy.acknowledged.bytes).toBeLessThan(1000 * MB + 300 * 20 * MB);
    expect(copy.acknowledged.bytes).toBeGreaterThan(1000 * MB + 200 * 10 * MB);
    go = true;
    const from = copy.now;
    while (!settled) await copy.idle();
    expect((await done).outcome).toBe('switch');
    expect(copy.now - from).toBeLessThan(12);
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const { copy, done } = run(
      { stateBytes: 1000 * MB, dirty: 0, bytesPerSecond: 100 * MB },
      { signal: stop.signal, isGo: () => false },
    );
    const ended = expect(done).rejects.toMatchObject({ code: 'aborted' });
    for (let i = 0; i < 3; i += 1) await copy.idle();
    stop.abort(new CopyError('aborted', 'the record is over'));
    await ended;
  });
});

const standing = (more: Partial<CopyStanding>): CopyStanding => ({
  leftBytes: 100 * MB,
  stateBytes: 1000 * MB,
  dirtyBytesPerSecond: 10 * MB,
  bytesPerSecond: 100 * MB,
  fixedPause: 0.2,
  rounds: 1,
  lastBytes: 1000 * MB,
  bytesBefore: 0,
  go: true,
  now: 0,
  deadline: undefined,
  ...more,
});

describe('the next step', () => {
  it('is another round as long as one gains, and keeps fresh or switches after', () => {
    expect(nextStep(standing({}))).toBe('round');
    expect(nextStep(standing({ rounds: 3, lastBytes: 90 * MB, bytesBefore: 100 * MB }))).toBe('switch');
    expect(nextStep(standing({ leftBytes: 5 * MB }))).toBe('switch');
    expect(nextStep(standing({ leftBytes: 5 * MB, go: false }))).toBe('keep');
    expect(nextStep(standing({ go: false }))).toBe('round');
  });

  it('is no round that would come to its end too late', () => {
    expect(nextStep(standing({ deadline: 3.6 }))).toBe('round');
    expect(nextStep(standing({ deadline: 3.25 }))).toBe('switch');
    expect(nextStep(standing({ deadline: 3.1 }))).toBe('deadline');
  });

  it('never switches into a pause that the deadline does not allow', () => {
    const bytes = fc.integer({ min: 0, max: 4000 }).map((mb) => mb * MB);
    const arbitrary = fc.record({
      leftBytes: bytes,
      dirtyBytesPerSecond: bytes,
      bytesPerSecond: fc.integer({ min: 1, max: 1000 }).map((mb) => mb * MB),
      deadline: fc.integer({ min: 0, max: 200 }),
    });
    fc.assert(
      fc.property(arbitrary, (some) => {
        const at = standing({ stateBytes: 4000 * MB, ...some });
        const pause = at.fixedPause + at.leftBytes / at.bytesPerSecond;
        if (nextStep(at) === 'switch') expect(pause).toBeLessThanOrEqual(some.deadline);
        if (nextStep(at) === 'deadline') expect(pause).toBeGreaterThan(some.deadline - 3);
        if (stepWithin(at, 1) !== 'deadline') expect(pause).toBeLessThanOrEqual(some.deadline);
      }),
    );
  });
});

describe('the forecast', () => {
  it('is a pause that shrinks with the link and grows with the changes', () => {
    const at = (dirty: number, link: number) =>
      predictCopy({
        stateBytes: 1000 * MB,
        dirtyBytesPerSecond: dirty * MB,
        bytesPerSecond: link * MB,
        fixedPause: 0.3,
      });
    expect(at(0, 100)).toMatchObject({ precopy: 10, pause: 0.3, rounds: 1, outrun: false });
    expect(at(50, 100).pause).toBeLessThan(0.5);
    expect(at(80, 100)).toMatchObject({ outrun: true });
    expect(at(80, 100).pause).toBeGreaterThan(8);
    expect(() => at(1, 0)).toThrow('bytesPerSecond: expected more than 0, got 0');
  });
});
