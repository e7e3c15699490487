import { describe, expect, it } from 'vitest';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { PK } from '../../adapters/aws/table.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { Harness } from '../contracts/harness.ts';
import { shardStoreContract } from '../contracts/shard-store.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

const SLICE = 'i-1:8080';

function stage() {
  const clock = new VirtualClock(T0);
  const table = new MemoryTable();
  return { clock, table, store: new DynamoStore(table, clock) };
}

async function make(): Promise<Harness> {
  const { clock, store } = stage();
  return {
    ports: unwiredPorts({ clock, store }),
    settings: settingsOf(['web']),
    drive: (work) => clock.settle(work),
    wait: (seconds) => clock.runUntil(clock.now() + seconds),
  };
}

/** A slice held by `a` for a minute. */
async function held() {
  const { clock, table, store } = stage();
  await store.add(SLICE, clock.now());
  const { version = 0 } = (await store.get(SLICE)) ?? {};
  await store.claim(SLICE, version, 'a', clock.now() + 60);
  return { clock, table, store, version };
}

describe('DynamoStore in memory', () => {
  shardStoreContract(make);

  it('takes no write of an owner whose hold has run out, even where nobody else came', async () => {
    const { clock, store } = await held();
    await clock.runUntil(T0 + 60);
    const late = await store.put(SLICE, 'a', { kind: 'activating', since: T0, shard: 'web' });
    expect(late).toMatchObject({ ok: false, seen: { placement: { kind: 'ready' } } });
  });

  it('gives nobody a slice that has changed since it was seen, also when its hold has run out', async () => {
    const { clock, store, version } = await held();
    await clock.runUntil(T0 + 61);
    expect((await store.claim(SLICE, version, 'b', T0 + 90)).ok).toBe(false);
    expect((await store.claim(SLICE, version + 1, 'b', T0 + 90)).ok).toBe(true);
  });

  it('takes no claim that an earlier life of the slice was seen for', async () => {
    const { clock, store, version } = await held();
    await store.remove(SLICE);
    await clock.runUntil(T0 + 3);
    await store.add(SLICE, clock.now());
    for (const old of [version, version + 1])
      expect((await store.claim(SLICE, old, 'b', T0 + 90)).ok).toBe(false);
  });

  it('counts a write as made where only its answer was lost', async () => {
    const { store, version } = await held();
    const first = await store.get(SLICE);
    expect(await store.claim(SLICE, version, 'a', T0 + 60)).toEqual({ ok: true, slice: first });
    const placement = { kind: 'activating', since: T0, shard: 'web' } as const;
    await store.put(SLICE, 'a', placement);
    expect(await store.put(SLICE, 'a', { ...placement, since: T0 + 5 })).toMatchObject({
      ok: true,
      slice: { placement },
    });
  });

  it('keeps nothing in the table but what a slice is', async () => {
    const { table, store, version } = await held();
    await store.release(SLICE, 'a');
    expect(await table.query(PK.slice)).toEqual([
      { pk: 'slice', sk: SLICE, placement: { kind: 'ready', since: T0 }, version: version + 2 },
    ]);
  });
});
