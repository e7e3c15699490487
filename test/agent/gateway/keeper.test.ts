import { expect, test } from 'vitest';
import { TableSlotMaps } from '../../../adapters/aws/hand-over/slot-maps.ts';
import { type KeeperParts, SlotKeeper } from '../../../agent/gateway/keeper.ts';
import { Lease } from '../../../agent/gateway/lease.ts';
import { SlotTable } from '../../../agent/gateway/slot-table.ts';
import { MemoryTable } from '../../model-aws/memory-table.ts';
import { ManualClock } from '../manual-clock.ts';

const SLICE = 'i-1:8080';

/** A new agent's keeper of one slice, and what its application is told. */
function stage(count: number) {
  const maps = new TableSlotMaps(new MemoryTable());
  const clock = new ManualClock();
  const lease = new Lease(clock);
  const table = new SlotTable(SLICE, count, lease);
  const told: string[] = [];
  const tell = (what: string) => async (slot: number | readonly number[]) =>
    void told.push(`${what} ${slot}`);
  const app = {
    serve: async (slot: number, epoch: number) => void told.push(`serve ${slot} ${epoch}`),
    resume: tell('resume'),
    release: tell('release'),
    state: { discard: tell('discard') },
  } as unknown as KeeperParts['app'];
  const keeper = new SlotKeeper({
    shard: 'a',
    table,
    maps,
    app,
    lease,
    log: { info() {}, warn() {}, error() {} } as unknown as KeeperParts['log'],
    brought: async () => 'given',
    confirm: async () => undefined,
  });
  lease.renew(clock.monotonic(), 30);
  return { maps, table, keeper, told };
}

test('what a slice held when its agent began is served on with its state, though it was looked at before its turn', async () => {
  const { maps, table, keeper, told } = stage(1);
  await maps.pass('a', { slot: 0, epoch: 0 }, SLICE);
  // It is not known yet what an agent that ended has left, and a request asks for a look all the same.
  table.control([0], true);
  await keeper.refresh();
  expect(told).toEqual([]);
  table.control([0], false);
  await keeper.refresh();
  expect(told).toEqual(['serve 0 2', 'resume 0']);
  expect((await maps.read('a', 1))[0]).toEqual({ slot: 0, epoch: 2, holder: SLICE });
  expect(table.look(0)).toMatchObject({ state: 'serving', epoch: 2 });
});

test('what a slice is given later is empty there, whatever the application has of another time', async () => {
  const { maps, keeper, told } = stage(2);
  await maps.pass('a', { slot: 0, epoch: 0 }, 'i-2:8080');
  await keeper.refresh();
  const [first, second] = await maps.read('a', 2);
  await maps.pass('a', first!, SLICE);
  await maps.pass('a', second!, SLICE);
  told.length = 0;
  await keeper.refresh();
  expect(told.sort()).toEqual(['discard 0', 'discard 1', 'serve 0 2', 'serve 1 1']);
});
