import { describe, expect, it } from 'vitest';
import { Copies } from '../../bench/interruptions/hand-overs.ts';
import { Play } from '../../bench/interruptions/play.ts';
import { metricsOf, rowsOf } from '../../bench/interruptions/print.ts';
import { cellsOf } from '../../bench/interruptions/rows.ts';
import { type Assumptions, type Policy, SCENARIO, scenarioOf } from '../../bench/interruptions/scenario.ts';
import { handedOverShare, sumOf } from '../../bench/interruptions/tally.ts';
import { eventsOf, madeUp } from '../../bench/interruptions/trace.ts';

const START = 1_767_225_600;
const trace = madeUp();

async function outcomeOf(policy: Policy, change: Partial<Assumptions> = {}) {
  const span = { skip: 0, days: 0.8 };
  const assumed = { ...SCENARIO, shards: 12, perZone: 4, ...change };
  const play = new Play(assumed, policy, trace.zones, eventsOf(trace, START, span), START);
  const tally = await play.run(START + span.days * 86_400, () => {});
  return tally.outcome();
}

describe('interruptions in the simulator', () => {
  it('are the same for the same seed', async () => {
    expect(await outcomeOf('foreshard')).toEqual(await outcomeOf('foreshard'));
  });

  it('lose less state with reserves than without, and hold less than a spare per shard', async () => {
    const [ours, none, spares] = await Promise.all([
      outcomeOf('foreshard'),
      outcomeOf('none'),
      outcomeOf('spare per shard'),
    ]);
    expect(ours.handedOver).toBeGreaterThan(0);
    expect(handedOverShare(ours)).toBeGreaterThan(handedOverShare(none));
    expect(ours.reserved).toBeLessThan(spares.reserved);
    expect(none.reserved).toBe(0);
    expect(spares.reserved / spares.hours).toBeGreaterThan(10);
  });

  it('come without any notice where that is assumed, outside the share', async () => {
    const silent = await outcomeOf('foreshard', { silent: 1 });
    expect(silent.silent).toBeGreaterThan(0);
    expect(silent.handedOver + silent.lost).toBe(0);
  });
});

describe('two slices per instance', () => {
  it('go together, and their state to reserves that are slices too', async () => {
    const halved = { slicesPerInstance: 2, stateMiB: [128, 2048], most: 2 * SCENARIO.most } as const;
    const [ours, none, whole] = await Promise.all([
      outcomeOf('foreshard', halved),
      outcomeOf('none', halved),
      outcomeOf('foreshard'),
    ]);
    expect(handedOverShare(ours)).toBeGreaterThan(handedOverShare(none));
    // Counted in instances, as many serve.
    expect(ours.serving / ours.hours).toBeCloseTo(whole.serving / whole.hours, -1);
  });
});

describe('a copy', () => {
  const { settings } = scenarioOf(
    { ...SCENARIO, shards: 1, stateMiB: [4096, 4096], dirtyPerSecond: [0.01, 0.01], linkShare: 1 },
    'foreshard',
    ['a'],
  );
  const open = () => {
    const copies = new Copies(settings);
    return { copies, copy: copies.open('i-1:8080', 'i-2:8080', 'shard-00', 0) };
  };

  it('is over after all rounds where there is time', () => {
    const { copies, copy } = open();
    expect(copy.copiedAt).toBeGreaterThan(60);
    expect(copies.switchAt(copy, 0, 1000)).toBeCloseTo(copy.copiedAt + copy.pause, 6);
    expect(copy.pause).toBeLessThan(1);
  });

  it('stops the source for what is left where there is not', () => {
    const { copies, copy } = open();
    // 10 s of activation, 44 s for 4 GiB, half a second besides.
    expect(copies.switchAt(copy, 0, 70)).toBeCloseTo(10 + 44.05 + 0.5, 1);
    expect(copy.pause).toBeGreaterThan(40);
  });

  it('shares the link of its instance', () => {
    const copies = new Copies(settings);
    const alone = copies.open('i-1:8080', 'i-2:8080', 'shard-00', 0);
    const second = copies.open('i-3:8080', 'i-2:8081', 'shard-00', 0);
    expect(second.copiedAt).toBeGreaterThan(alone.copiedAt);
  });
});

describe('rows', () => {
  it('have the metrics of the scenario under our policy', async () => {
    const cells = cellsOf([]);
    const outcome = await outcomeOf('foreshard');
    const rows = rowsOf(cells, () => [outcome, outcome]);
    expect(rows.map(({ policy }) => policy)).toEqual(['foreshard', 'spare per shard', 'none']);
    expect(metricsOf(rows)).toEqual({
      handedOverShare: handedOverShare(outcome),
      lostWrites: 0,
      reservedHoursVsSparePerShard: (outcome.reserved + outcome.ready) / outcome.hours / SCENARIO.shards,
    });
    expect(sumOf([outcome, outcome]).lost).toBe(2 * outcome.lost);
  });
});
