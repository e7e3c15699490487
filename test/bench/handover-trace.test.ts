import { expect, it } from 'vitest';
import { traceOf } from '../../bench/handover/trace.ts';
import { handOverPlot } from '../../docs/images/hand-over-plot.ts';

const AT = 1_800_000_000_000;
const call = (path: string, from: number, to: number, bytes = 0) => ({
  path,
  from: AT + from,
  to: AT + to,
  bytes,
});
const seen = {
  wanted: { bytes: 1000, dirty: 0.1, precopied: false },
  notice: AT,
  registered: AT + 4000,
  followed: AT + 9000,
  answers: [-5000, -1500, 10, 2900].map((at) => ({ at: AT + at, holder: 'old' })),
  old: [
    call('slots/0/changes', 100, 2100, 1000),
    call('quiesce', 2910, 2915),
    call('slots/0/changes', 2920, 2980, 90),
  ],
  // It served once before, in another life.
  fresh: [call('serve', -9000, -8990), call('serve', 3000, 3020)],
  samples: [
    [AT - 100, 5],
    [AT + 100, 5],
    [AT + 300, 905],
  ] as const,
};
const traced = traceOf({ ...seen, answers: [...seen.answers, { at: AT + 3050, holder: 'new' }] });

it('a trace counts from the notice, in seconds, with bytes as differences', () => {
  expect(traced.answers).toEqual({ old: [-1.5, 0.01, 2.9], new: [3.05] });
  expect(traced.link).toEqual([
    { from: -0.1, to: 0.1, bytes: 0 },
    { from: 0.1, to: 0.3, bytes: 900 },
  ]);
  expect(traced.rounds).toEqual([
    { from: 0.1, to: 2.1, bytes: 1000 },
    { from: 2.92, to: 2.98, bytes: 90 },
  ]);
  expect([traced.quiet, traced.serves, traced.registered, traced.followed]).toEqual([2.91, 3.02, 4, 9]);
});

it('a hand-over that did not switch has no trace', () => {
  expect(() => traceOf({ ...seen, fresh: seen.fresh.slice(0, 1) })).toThrow(
    'expected the calls quiesce and serve',
  );
});

it('its picture says the pause and what each round carried, in finite numbers', () => {
  const rounds = traced.rounds.map((one, i) => ({ ...one, bytes: [268e6, 5e6][i]! }));
  const { markup } = handOverPlot({ ...traced, rounds, linkMbits: 780 });
  expect(markup).toContain('>0.15 s<');
  expect(markup).toContain('round 1: 268 MB');
  expect(markup).toContain('last changes: 5 MB');
  expect(markup).not.toMatch(/NaN|undefined|Infinity/);
});
