import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { HandOverPhase } from '../../core/hand-over/record.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import type { Host } from './rig/host.ts';
import { eventually, run } from './rig/processes.ts';
import { startWorld, type World } from './world.ts';

const prepared = inject('prepared');
const ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1c'];
const now = () => Date.now() / 1000;

let world: World | undefined;
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(await world?.logs());
  await world?.close();
  world = undefined;
});

/** The hosts in their places: which serve the shard, and whether the second is its reserve. */
async function begin(shard: string, slots: number) {
  world = await startWorld(prepared as NonNullable<typeof prepared>, ZONES);
  const [old, reserve, other] = world.hosts as [Host, Host, Host];
  const [from, to, beside] = world.slices as [string, string, string];
  return { ...world, world, shard, slots, old, reserve, other, from, to, beside };
}
type Scene = Awaited<ReturnType<typeof begin>>;

/** The slice serves the shard. */
async function serve({ control, shard }: Scene, slice: string): Promise<void> {
  await control.place(slice, { kind: 'active', since: now(), shard });
  expect(await control.hosts.run(slice, { kind: 'activate', shard })).toEqual({ ok: true });
  await control.loadBalancer.register(shard, slice);
  await eventually(
    `${slice} is healthy`,
    async () => (await control.loadBalancer.health(shard, slice)) === 'healthy',
  );
}

/** The second host is held for the first one, as the plan and what follows it do it. */
async function hold({ control, shard, from, to }: Scene): Promise<void> {
  await control.place(to, { kind: 'reserved', since: now(), shard, until: now() + 3600 });
  await control.agents.order(from, { reserve: to });
}

/** Until the newest hand-over of the old host is in this phase. */
const phase = ({ control, from }: Scene, wanted: HandOverPhase) =>
  eventually(
    `the hand-over is ${wanted}`,
    async () => (await control.handOvers.get(from))?.phase === wanted,
    100_000,
  );

/** As the tick does it. */
async function keepSlots({ control, shard, slots }: Scene): Promise<void> {
  await eventually('all slots are held', async () => {
    expect((await control.machines.keepSlots()).failures).toEqual([]);
    return (await control.slots.read(shard, slots)).every(({ holder }) => holder !== undefined);
  });
}

/** Everything that is no agent of the hand-over gets nothing: not even an answer. */
async function strangers({ world: { rig }, reserve, old }: Scene): Promise<void> {
  const network = await rig.join(66);
  const script = `
import socket, sys
host, port, payload = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.stdin.read())
try:
    with socket.create_connection((host, port), timeout=5) as s:
        s.sendall(payload)
        s.shutdown(socket.SHUT_WR)
        print(len(s.recv(4096)))
except OSError as error:
    print(type(error).__name__)
`;
  const said = (host: Host, port: number, payload: Buffer) =>
    run(...network.within('python3', ['-c', script, host.address, String(port)]), payload.toString('hex'));
  const payloads = [
    randomBytes(4096),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.alloc(65_536),
    Buffer.from([22, 3, 1, 2, 0]),
  ];
  for (const host of [old, reserve])
    for (const payload of payloads)
      expect((await said(host, 7946, payload)).trim()).toMatch(/^(0|ConnectionResetError|BrokenPipeError)$/);
  // Hooks and application listen for the host itself only.
  for (const port of [9090, 18080])
    expect((await said(old, port, Buffer.alloc(1))).trim()).toBe('ConnectionRefusedError');
}

describe.skipIf(prepared === null)('the notice comes to a host', () => {
  it.each([
    { shard: 'lobby', slots: 1, first: 'agent' },
    { shard: 'rooms', slots: 4, first: 'workflow' },
  ])(
    'of $shard, which has $slots slot(s): its reserve goes on, and no acknowledged write is lost',
    async (of) => {
      const scene = await begin(of.shard, of.slots);
      const { control, shard, slots, old, reserve, other, from, to, beside } = scene;
      await serve(scene, from);
      // The one slot is the old host's; of four, the other host has two.
      if (slots === 1) await keepSlots(scene);
      await serve(scene, beside);
      if (slots > 1) await keepSlots(scene);
      const held = await control.slots.read(shard, slots);
      const own = held.flatMap(({ slot, holder }) => (holder === from ? [slot] : []));
      expect(own.length).toBe(slots === 1 ? 1 : slots / 2);
      await hold(scene);
      const client = await scene.client(shard);
      await client.writes(500);

      const at = now();
      const deadline = Math.ceil(at + 110);
      await old.metadata.say({ kind: 'notice', deadline: formatStamp(deadline) });
      const guests = strangers(scene);
      // EC2's event may come late. Otherwise both begin at once, and meet in the record.
      if (of.first === 'agent') await phase(scene, 'done');
      const execution = await control.machines.run('hand-over', { instance: old.instance, at, deadline });
      await guests;
      expect(execution).toMatchObject({ status: 'SUCCEEDED', output: { left: [from], late: [] } });
      expect(now()).toBeLessThan(deadline);
      await old.poweroff();
      await client.writes(500);

      const found = await client.finish();
      expect(found.lost).toEqual([]);
      // A new holder has a later epoch.
      const answered = found.holders.map(({ slot, epoch, by }) => `${slot} ${epoch > 1} ${by}`);
      expect(new Set(answered)).toEqual(
        new Set(
          held.flatMap(({ slot }) =>
            own.includes(slot)
              ? [`${slot} false ${old.name}`, `${slot} true ${reserve.name}`]
              : [`${slot} false ${other.name}`],
          ),
        ),
      );
      const first = Math.min(...found.holders.flatMap((one) => (one.epoch > 1 ? [one.first] : [])));
      const line = `${shard}: ${found.acknowledged} writes acknowledged, none lost; longest gap ${found.longestGap} s; `;
      console.log(`${line}notice to first answer of the new holder ${(first - at).toFixed(1)} s`);

      expect(await control.store.get(from)).toBeUndefined();
      expect(await control.store.get(to)).toMatchObject({ placement: { kind: 'active', shard } });
      expect(await control.loadBalancer.health(shard, from)).toBe('unused');
      expect(await control.loadBalancer.health(shard, to)).toBe('healthy');
      expect(await control.handOvers.get(from)).toMatchObject({ phase: 'done', target: to });
      const types = (await control.events()).map(({ type }) => type);
      expect(types).toContain('InterruptionNoticed');
      expect(types).not.toContain('HandOverFailed');
    },
  );

  it('that AWS has recommended to leave: its state is there already, and only what has changed is copied', async () => {
    const scene = await begin('rooms', 4);
    const { control, old, reserve, from, to } = scene;
    await serve(scene, from);
    await keepSlots(scene);
    await hold(scene);
    const client = await scene.client('rooms');
    await client.writes(500);
    await old.metadata.say({ kind: 'rebalance' });
    const copying = await eventually('the state is copied', async () => {
      const handOver = await control.handOvers.get(from);
      return (handOver?.progress?.round ?? 0) > 1 ? handOver : undefined;
    });
    expect(copying).toMatchObject({ cause: 'rebalance', go: false, phase: 'copying', target: to });
    await client.writes(500);
    expect(await control.slots.read('rooms', 1)).toMatchObject([{ epoch: 1, holder: from }]);

    const at = now();
    const deadline = Math.ceil(at + 110);
    await old.metadata.say({ kind: 'notice', deadline: formatStamp(deadline) });
    const execution = await control.machines.run('hand-over', { instance: old.instance, at, deadline });
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: { left: [from], late: [] } });
    // The same hand-over as before.
    expect(await control.handOvers.get(from)).toMatchObject({ id: copying.id, go: true, phase: 'done' });
    await old.poweroff();
    await client.writes(200);
    const found = await client.finish();
    expect(found.lost).toEqual([]);
    for (const { epoch, by } of found.holders) expect(by).toBe(epoch === 1 ? old.name : reserve.name);
  });

  it('whose agent has been restarted, and killed: the state is the application’s, and still goes over', async () => {
    const scene = await begin('rooms', 4);
    const { control, old, reserve, from, to } = scene;
    await serve(scene, from);
    await keepSlots(scene);
    await hold(scene);
    const client = await scene.client('rooms');
    await client.writes(200);
    await old.run('systemctl', 'restart', 'foreshard-agent');
    await client.writes(200);
    await old.run('systemctl', 'kill', '--signal=KILL', 'foreshard-agent');
    await client.writes(200);

    const at = now();
    const deadline = Math.ceil(at + 110);
    await old.metadata.say({ kind: 'notice', deadline: formatStamp(deadline) });
    const execution = await control.machines.run('hand-over', { instance: old.instance, at, deadline });
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: { left: [from], late: [] } });
    expect(await control.handOvers.get(from)).toMatchObject({ phase: 'done', target: to });
    // Without notice to anybody this time.
    await old.crash();
    await client.writes(200);
    const found = await client.finish();
    expect(found.lost).toEqual([]);
    // A new agent holds its slots under a new epoch.
    const newest = Math.max(...found.holders.map(({ epoch }) => epoch));
    for (const { epoch, by } of found.holders) expect(by).toBe(epoch === newest ? reserve.name : old.name);
  });

  it('without a reserve: the standard procedure, and what is lost is said', async () => {
    const scene = await begin('rooms', 4);
    const { control, shard, old, other, from, beside } = scene;
    await serve(scene, from);
    await keepSlots(scene);
    const client = await scene.client(shard);
    await client.writes(200);

    const at = now();
    const deadline = Math.ceil(at + 40);
    await old.metadata.say({ kind: 'notice', deadline: formatStamp(deadline) });
    const execution = await control.machines.run('hand-over', { instance: old.instance, at, deadline });
    if (execution.status !== 'SUCCEEDED') throw new Error(JSON.stringify(execution));
    // On a busy machine the hook after the drain may be over a moment late; the traffic is out in time.
    const { left, late } = execution.output as { readonly left: string[]; readonly late: string[] };
    expect([...left, ...late]).toEqual([from]);
    expect(await control.loadBalancer.health(shard, from)).toBe('unused');
    await old.poweroff();

    // The plan's replacement serves, with nothing.
    await serve(scene, beside);
    await keepSlots(scene);
    await client.writes(200);
    const found = await client.finish();
    expect(found.lost.length).toBeGreaterThan(0);
    for (const { epoch, by } of found.holders) expect(by).toBe(epoch === 1 ? old.name : other.name);
    const events = await control.events();
    const failed = events.find(({ type }) => type === 'HandOverFailed');
    expect(failed?.detail).toMatchObject({ source: from, error: 'no slice can take over' });
    const lost = events.flatMap(({ type, detail }) =>
      type === 'SlotStateLost' ? (detail.slots as number[]) : [],
    );
    expect(lost.toSorted()).toEqual([0, 1, 2, 3]);
  });
});
