import type { PutEventsCommand, PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import { BusEvents, EventsNotPublished } from '../../adapters/aws/events.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { Event } from '../../core/ports.ts';
import { eventsContract } from '../contracts/others.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

/** `refuse` says of an entry, by its type and how often it was sent before, whether the bus does not take it. */
function stage(refuse: (type: string, before: number) => boolean = () => false) {
  const clock = new VirtualClock(T0);
  const batches: PutEventsRequestEntry[][] = [];
  const taken: PutEventsRequestEntry[] = [];
  const send = async ({ input }: PutEventsCommand) => {
    const entries = input.Entries ?? [];
    const Entries = entries.map((entry) => {
      const before = batches.flat().filter(({ DetailType }) => DetailType === entry.DetailType).length;
      if (refuse(entry.DetailType ?? '', before))
        return { ErrorCode: 'InternalFailure', ErrorMessage: 'busy' };
      taken.push(entry);
      return { EventId: 'x' };
    });
    batches.push([...entries]);
    return { Entries };
  };
  const events = new BusEvents({ send } as never, 'bus', 'shop', clock);
  const publish = (list: readonly Event[]) => clock.settle(events.publish(list));
  return { clock, batches, taken, events, publish };
}

const named = (type: string, detail = {}): Event => ({ type, at: T0 + 0.5, detail });

describe('BusEvents', () => {
  eventsContract(async () => {
    const { clock, events } = stage();
    return {
      ports: unwiredPorts({ clock, events }),
      settings: settingsOf(['web']),
      drive: (work) => clock.settle(work),
      wait: (seconds) => clock.runUntil(clock.now() + seconds),
    };
  });

  it('sends each event with its source, type, time, and a detail that names service and time', async () => {
    const { taken, publish } = stage();
    await publish([named('SliceMoved', { slice: 'i-1:8080' })]);
    expect(taken).toEqual([
      {
        EventBusName: 'bus',
        Source: 'foreshard',
        DetailType: 'SliceMoved',
        Time: new Date((T0 + 0.5) * 1000),
        Detail: JSON.stringify({ slice: 'i-1:8080', service: 'shop', at: '2026-01-05T00:00:00Z' }),
      },
    ]);
  });

  it('keeps to ten entries and 256 KB a request, in order', async () => {
    const { batches, taken, publish } = stage();
    await publish(Array.from({ length: 23 }, (_, i) => named(`T${i}`)));
    expect(batches.map((batch) => batch.length)).toEqual([10, 10, 3]);
    expect(taken.map(({ DetailType }) => DetailType)).toEqual(Array.from({ length: 23 }, (_, i) => `T${i}`));

    const large = stage();
    await large.publish(['A', 'B', 'C'].map((type) => named(type, { text: 'ü'.repeat(60_000) })));
    expect(large.batches.map((batch) => batch.length)).toEqual([2, 1]);
  });

  it('sends again only what was not taken, waiting longer each time', async () => {
    const { clock, batches, publish } = stage((type, before) => type === 'B' && before < 2);
    await publish(['A', 'B', 'C'].map((type) => named(type)));
    expect(batches.map((batch) => batch.map(({ DetailType }) => DetailType).join(''))).toEqual([
      'ABC',
      'B',
      'B',
    ]);
    expect(clock.now()).toBeCloseTo(T0 + 1);
  });

  it('gives up in the end and names each that is lost; the others are published', async () => {
    const { batches, taken, publish } = stage((type) => type === 'B');
    const huge = named('Huge', { text: 'x'.repeat(300_000) });
    const error = await publish([named('A'), named('B'), huge]).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(EventsNotPublished);
    expect(error.message).toMatch(
      /^2 of 3 events not published: Huge \(expected at most 262144 bytes, got 30\d{4}\), B \(InternalFailure: busy\)$/,
    );
    expect(taken.map(({ DetailType }) => DetailType)).toEqual(['A']);
    expect(batches).toHaveLength(4);
  });

  it('tries again when the whole request fails', async () => {
    const clock = new VirtualClock(T0);
    let calls = 0;
    const send = async () => {
      if (calls++ === 0) throw new Error('socket hang up');
      return { Entries: [{ EventId: 'x' }] };
    };
    const events = new BusEvents({ send } as never, 'bus', 'shop', clock);
    await clock.settle(events.publish([named('A')]));
    expect(calls).toBe(2);
  });
});
