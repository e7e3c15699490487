import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TableSlotMaps } from '../../../adapters/aws/hand-over/slot-maps.ts';
import { ReserveRequests } from '../../../adapters/aws/reserve-requests.ts';
import { DynamoStore } from '../../../adapters/aws/store.ts';
import { parseSliceId } from '../../../core/shards/slice.ts';
import { sayInterrupted } from '../aws-events.ts';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { DeployedAgents } from './agents.ts';
import { serving } from './guarantees.ts';
import { UNTOLD } from './load.ts';
import { targetGroupOf, targetsOf } from './routes.ts';

const SETTINGS = new URL('../settings.yaml', import.meta.url);
const ROOMS = `  - name: rooms
    priority: 950
    guarantee: 1
    max: 3
    capacity: { perInstance: 100 }
    mode: active
    handOver: { state: copy, slots: { count: 2, by: { header: x-room } } }
`;

/** The deployed settings and a shard with state, for which slices may be reserved. */
async function withRooms({ where }: World): Promise<string> {
  const text = (await readFile(SETTINGS, 'utf8'))
    .replace('shards:\n', `shards:\n${ROOMS}`)
    .replace('fleet:\n', 'fleet:\n  reserves: { max: 2 }\n');
  const file = join(where.folder, 'rooms.yaml');
  await writeFile(file, text);
  return file;
}

const instanceOf = (slice: string) => parseSliceId(slice).instance;

async function executionOf(world: World, instance: string) {
  const all = await world.executions('hand-over');
  return all.find(({ name }) => name?.includes(instance));
}

/** A shard with state: its slots are given, handed over to a reserve at a notice, and stay where nobody can take them. */
export function handOver(world: () => World): { readonly end: () => void } {
  let agents: DeployedAgents;
  let source: string;
  let reserve: string;
  /** Who took over: the reserve, or a slice that was ready when the plan had taken the reserve as a replacement. */
  let target: string;
  const holders = async () => {
    const slots = await new TableSlotMaps(world().table).read('rooms', 2);
    return slots.map(({ holder }) => holder);
  };

  beforeAll(() => {
    agents = new DeployedAgents(world());
  });
  afterAll(() => agents.stop());

  it('gives the slots to the slice that serves the shard', async () => {
    await world().foreshard('settings', '--put', await withRooms(world()));
    await eventually('the target group of rooms', () => targetGroupOf(world(), 'rooms'), 60);
    await world().measure('rooms', 20, 30, UNTOLD);
    source = await eventually(
      'a holder of both slots',
      async () => {
        await world().measure('rooms', 20, 1);
        await world().tick();
        const [first] = await serving(world(), 'rooms');
        return (await holders()).every((holder) => holder !== undefined && holder === first) && first;
      },
      180,
    );
    expect(await targetsOf(world(), 'rooms')).toContain(source);
  }, 190_000);

  // The plan would launch a reserve in a zone of its choice; moto cannot, so one of the pool is taken for it.
  it('keeps a slice that is reserved for it, as was asked for', async () => {
    const clock = { now: () => Date.now() / 1000 };
    const store = new DynamoStore(world().table, clock);
    reserve = await eventually(
      'a slice of the pool',
      async () => {
        await world().measure('rooms', 20, 1);
        await world().tick();
        const all = await store.slices();
        const ready = all.find(({ placement, holder }) => placement.kind === 'ready' && holder === undefined);
        if (ready === undefined) return undefined;
        const at = clock.now();
        if (!(await store.claim(ready.slice, ready.version, 'test', at + 60)).ok) return undefined;
        const placement = { kind: 'reserved', since: at, shard: 'rooms', until: at + 3600 } as const;
        await store.put(ready.slice, 'test', placement);
        const request = { id: 'asked', shard: 'rooms', count: 1, until: at + 3600 };
        await new ReserveRequests(world().table).put(request, at, 'test');
        await store.release(ready.slice, 'test');
        return ready.slice;
      },
      180,
    );
    await world().tick();
    expect(await store.get(reserve)).toMatchObject({ placement: { kind: 'reserved', shard: 'rooms' } });
    expect(instanceOf(reserve)).not.toBe(instanceOf(source));
  }, 190_000);

  it('hands the slots over to it at the notice, and sends traffic there', async () => {
    await sayInterrupted(world(), instanceOf(source));
    await eventually(
      'HandOverStarted',
      async () => (await world().published('HandOverStarted')).length > 0,
      100,
    );
    // What was asked for is used: the plan need not look for another one.
    await new ReserveRequests(world().table).delete('asked');
    const execution = await eventually(
      'the hand-over ended',
      async () => {
        const found = await executionOf(world(), instanceOf(source));
        return found !== undefined && found.status !== 'RUNNING' && found;
      },
      100,
    );
    expect(execution.status).toBe('SUCCEEDED');
    expect(await world().outcome(execution.executionArn!)).toMatchObject({ left: [source], late: [] });
    [target = ''] = [...new Set(await holders())].map(String);
    expect(await holders()).toEqual([target, target]);
    expect(target).not.toBe(source);
    const targets = await targetsOf(world(), 'rooms');
    expect(targets).toContain(target);
    expect(targets).not.toContain(source);
    expect(await serving(world(), 'rooms')).toContain(target);
    expect(await world().published('SliceHandedOver')).toContainEqual(
      expect.objectContaining({ shard: 'rooms', source, target, slots: [0, 1] }),
    );
  }, 210_000);

  it('says so where nobody can take them over', async () => {
    agents.only = new Set([instanceOf(target)]);
    // The leases of the others end.
    await world().wait(15);
    await sayInterrupted(world(), instanceOf(target));
    const failed = await eventually(
      'HandOverFailed',
      async () => {
        const all = await world().published('HandOverFailed');
        return all.find((one) => one.source === target);
      },
      160,
    );
    expect(failed).toMatchObject({ shard: 'rooms', slots: [0, 1], error: 'no slice can take over' });
    expect(await holders()).toEqual([target, target]);
  }, 190_000);

  const end = () => {
    it('the one without a reserve took the standard procedure', async () => {
      const execution = await eventually(
        'the hand-over ended',
        async () => {
          const found = await executionOf(world(), instanceOf(target));
          return found !== undefined && found.status !== 'RUNNING' && found;
        },
        180,
      );
      expect(execution.status).toBe('SUCCEEDED');
      const evacuated = await world().published('InstanceEvacuated');
      expect(evacuated.map(({ instance }) => instance)).toContain(instanceOf(target));
    }, 190_000);
  };
  return { end };
}
