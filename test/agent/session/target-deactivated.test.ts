import { afterEach, describe, expect, test } from 'vitest';
import { Client } from './client.ts';
import type { Fault } from './life.ts';
import { unserved } from './scenario.ts';
import { type Host, SHARD, World } from './world.ts';

let world: World;
afterEach(() => world.close());

const WHYS =
  /^i-target:8080 (leaves its shard|(gave them back|left rooms .*|did not serve them within 20 s): 1 of 1 slots were taken back)$|was replaced$/;
/** Where the slice is back before its agent could say that it was gone, the source waits for it this long. */
const LONGEST = 21;

/** A hand-over during which the slice of the target leaves the shard at one of its steps. */
async function play(number?: number, after = false, again = false) {
  world = new World(1);
  let target: Host | undefined;
  let isTold = false;
  const fault: Fault = (step) => {
    if (step.number !== number || step.after !== after || isTold) return 0;
    isTold = true;
    void world.deactivate(target!).then(async () => {
      // The control plane has it back in the shard at once, where it knows nothing of what came.
      if (again) await target!.activate();
    });
    return 0;
  };
  const source = await world.host('i-source');
  target = await world.host('i-target', { active: false, fault });
  await world.give(source, [0]);
  await world.pass(12);
  const client = new Client(world);
  await world.pass(1);
  const before = target.life.number;
  const said = source.serving.handOver(source.slice, target.slice);
  await world.until(async () => ['done', 'failed'].includes((await world.record(source))?.phase ?? ''), 60);
  const record = (await world.record(source))!;
  const seconds = world.clock.now() - record.at;
  void said;
  await world.pass(15);
  client.stop();
  await world.pass(6);
  const wrongs = [
    ...client.wrongs,
    ...source.app.wrongs,
    ...target.app.wrongs,
    ...(await client.lost()).map((one) => `lost: ${one}`),
    ...(await unserved(world)),
  ];
  const [slot] = await world.maps.read(SHARD, 1);
  const { longestGap } = client;
  await world.close();
  const steps = target.life.names.slice(before);
  return { wrongs, record, seconds, holder: slot?.holder, longestGap, before, steps };
}

describe.each([false, true])('a target whose slice leaves the shard (and comes back: %s)', (again) => {
  test('before it has served: the source serves on by itself, at once', async () => {
    const calm = await play();
    expect(calm).toMatchObject({ wrongs: [], record: { phase: 'done' }, holder: 'i-target:8080' });
    const last = calm.steps.indexOf('app.serve');
    expect(last).toBeGreaterThan(3);
    const failed: string[] = [];
    const errors = new Set<string>();
    for (let i = 0; i <= last; i += 1)
      for (const after of [false, true]) {
        const { wrongs, record, seconds, holder, longestGap } = await play(calm.before + i + 1, after, again);
        const where = `${after ? 'after' : 'before'} ${i} ${calm.steps[i]}`;
        failed.push(...wrongs.map((wrong) => `${where}: ${wrong}`));
        if (record.phase === 'failed') errors.add(record.error ?? '');
        else if (holder !== 'i-target:8080') failed.push(`${where}: done, and held by ${holder}`);
        if (seconds > LONGEST) failed.push(`${where}: settled after ${seconds} s`);
        if (longestGap > LONGEST) failed.push(`${where}: ${longestGap} s without an answer`);
      }
    expect(failed).toEqual([]);
    expect([...errors].filter((error) => !WHYS.test(error))).toEqual([]);
  }, 60_000);
});
