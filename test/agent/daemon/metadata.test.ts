import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Metadata, watchNotices } from '../../../agent/metadata.ts';
import type { Notice } from '../../../agent/serving.ts';
import { ManualClock } from '../manual-clock.ts';
import { FakeImds } from './fake-imds.ts';
import { lines } from './lines.ts';

const AT = Date.parse('2026-01-05T06:00:00Z') / 1000;

let imds: FakeImds;
let clock: ManualClock;
let metadata: Metadata;

beforeEach(async () => {
  imds = await FakeImds.start();
  clock = new ManualClock(AT);
  metadata = new Metadata(imds.url, clock);
});
afterEach(() => imds.stop());

describe('the instance metadata', () => {
  it('are read with a token, which is kept', async () => {
    expect(await metadata.need('meta-data/instance-id')).toBe('i-1');
    expect(await metadata.get('meta-data/spot/instance-action')).toBeUndefined();
    expect([...imds.tokens.values()]).toEqual([2]);
    await expect(metadata.need('meta-data/spot/instance-action')).rejects.toThrow(
      'metadata meta-data/spot/instance-action: expected a value, got none',
    );
  });

  it('are read with a new token when the old one is over, or half its time is', async () => {
    await metadata.need('meta-data/instance-id');
    imds.forget();
    expect(await metadata.need('meta-data/instance-id')).toBe('i-1');
    await clock.pass(10_900);
    await metadata.need('meta-data/instance-id');
    expect(imds.tokens.size).toBe(2);
  });

  it('say when the instance ends, and what was recommended', async () => {
    expect(await metadata.notice()).toEqual({});
    imds.recommend('2026-01-05T05:59:00Z');
    expect(await metadata.notice()).toEqual({ rebalanceAt: AT - 60 });
    imds.interrupt('2026-01-05T06:02:00Z');
    expect(await metadata.notice()).toEqual({ rebalanceAt: AT - 60, noticeAt: AT, deadline: AT + 120 });
  });

  it.each([
    ['not json', 'metadata spot/instance-action: expected JSON, got "not json"'],
    ['{"action": "stop", "time": "soon"}', /^metadata spot\/instance-action: time: Invalid ISO datetime$/],
  ])('that make no sense (%s) are an error', async (text, message) => {
    imds.entries.set('meta-data/spot/instance-action', text);
    await expect(metadata.notice()).rejects.toThrow(message);
  });

  it('that are refused are an error', async () => {
    imds.broken = 500;
    await expect(metadata.get('meta-data/instance-id')).rejects.toThrow('expected a token, got 500');
  });
});

describe('the watch', () => {
  let notices: Notice[];
  let ending: AbortController;
  let watching: Promise<void>;
  const said = lines();

  beforeEach(() => {
    notices = [];
    said.lines.length = 0;
    ending = new AbortController();
    watching = watchNotices(
      { metadata, clock, log: said.log },
      (notice) => notices.push(notice),
      ending.signal,
    );
  });
  afterEach(async () => {
    ending.abort();
    await watching;
  });

  /** Lets looks happen until one has seen what the test waits for. */
  const looks = (seen: () => boolean) =>
    expect
      .poll(
        () => {
          clock.step();
          return seen();
        },
        { interval: 5, timeout: 5000 },
      )
      .toBe(true);

  it('tells each thing once, and when it was seen first', async () => {
    imds.recommend('2026-01-05T05:59:00Z');
    await looks(() => notices.length === 1);
    imds.interrupt('2026-01-05T06:10:00Z');
    await looks(() => notices.length === 2);
    const uses = [...imds.tokens.values()][0]!;
    await looks(() => [...imds.tokens.values()][0]! > uses + 6);
    expect(notices).toEqual([
      { rebalanceAt: AT - 60 },
      { rebalanceAt: AT - 60, noticeAt: expect.any(Number), deadline: AT + 600 },
    ]);
  });

  it('goes on when the service fails, says so once, and forgets nothing', async () => {
    imds.interrupt('2026-01-05T06:10:00Z');
    await looks(() => notices.length === 1);
    imds.broken = 503;
    imds.forget();
    await looks(() => said.lines.length > 0);
    for (let i = 0; i < 5; i++) await clock.pass(2);
    imds.entries.delete('meta-data/spot/instance-action');
    imds.broken = undefined;
    imds.recommend('2026-01-05T06:00:30Z');
    await looks(() => notices.length === 2);
    expect(notices[1]).toEqual({ ...notices[0], rebalanceAt: AT + 30 });
    expect(said.events()).toEqual(['metadata-unreadable']);
  });
});
