import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, inject, it } from 'vitest';
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

/** The slice serves the shard and holds these slots. */
async function serve({ control, shard, slots }: Scene, slice: string, own: readonly number[]): Promise<void> {
  await control.place(slice, { kind: 'active', since: now(), shard });
  const result = await control.hosts.run(slice, { kind: 'activate', shard });
  expect(result).toEqual({ ok: true });
  for (const seen of await control.slots.read(shard, slots))
    if (own.includes(seen.slot)) expect((await control.slots.pass(shard, seen, slice)).ok).toBe(true);
  await control.loadBalancer.register(shard, slice);
  await eventually(
    `${slice} is healthy`,
    async () => (await control.loadBalancer.health(shard, slice)) === 'healthy',
  );
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
    Buffer.from('GET / HTTP/1.1\\r\\n\\r\\n'),
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

describe.skipIf(prepared === null).each([
  { shard: 'lobby', slots: 1, own: [0], others: [] },
  { shard: 'rooms', slots: 4, own: [0, 1], others: [2, 3] },
])('the notice comes to a host of $shard, which has $slots slot(s)', ({ shard, slots, own, others }) => {
  it('state and traffic go to the reserve, the host is powered off, and no acknowledged write is lost', async () => {
    const scene = await begin(shard, slots);
    const { control, old, reserve, other, from, to, beside } = scene;
    await Promise.all([serve(scene, from, own), serve(scene, beside, others)]);
    const until = now() + 3600;
    await control.place(to, { kind: 'reserved', since: now(), shard, until });
    await control.agents.order(from, { reserve: to });
    const client = await scene.client(shard);
    await client.writes(500);

    const at = now();
    const deadline = Math.ceil(at + 110);
    await old.metadata.say({ kind: 'notice', deadline: formatStamp(deadline) });
    const guests = strangers(scene);
    // EC2's event arrives after the agent has seen the notice, or before: both begin, and meet.
    const execution = await control.machines.run('hand-over', { instance: old.instance, at, deadline });
    await guests;
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: { left: [from], late: [] } });
    expect(now()).toBeLessThan(deadline);
    await old.poweroff();
    await client.writes(500);

    const found = await client.finish();
    expect(found.lost).toEqual([]);
    const mine = found.holders.filter(({ slot }) => own.includes(slot));
    expect(new Set(mine.map(({ slot, epoch, by }) => `${slot} ${epoch} ${by}`))).toEqual(
      new Set(own.flatMap((slot) => [`${slot} 1 ${old.name}`, `${slot} 2 ${reserve.name}`])),
    );
    for (const { epoch, by } of found.holders.filter(({ slot }) => others.includes(slot)))
      expect([epoch, by]).toEqual([1, other.name]);
    const first = Math.min(...mine.filter(({ epoch }) => epoch === 2).map((one) => one.first));
    const line = `${shard}: ${found.acknowledged} writes acknowledged, none lost; longest gap ${found.longestGap} s; `;
    console.log(`${line}notice to first answer of the new holder ${(first - at).toFixed(1)} s`);

    expect(await control.store.get(from)).toBeUndefined();
    expect(await control.store.get(to)).toMatchObject({ placement: { kind: 'active', shard } });
    expect(await control.loadBalancer.health(shard, from)).toBe('unused');
    expect(await control.loadBalancer.health(shard, to)).toBe('healthy');
    expect(await control.handOvers.get(from)).toMatchObject({ phase: 'done', target: to });
    const types = (await control.events()).map(({ type }) => type);
    expect(types).toEqual(
      expect.arrayContaining(['InterruptionNoticed', 'HandOverStarted', 'SliceHandedOver']),
    );
    expect(types).not.toContain('HandOverFailed');
  });
});
