import type { World } from '../../backtest/world/world.ts';
import type { HandOver } from '../../core/hand-over/record.ts';
import { isOver } from '../../core/hand-over/record.ts';
import type { Ports } from '../../core/ports.ts';
import { parseSliceId, sliceId, sliceIdsOf } from '../../core/shards/slice.ts';

/** Seconds. */
const LEASE = 30;
const BEAT = 5;

/**
 * The agents of all instances of a world, as far as the control plane sees them: they beat, activate the target's
 * environment, and take the record through its phases; nothing is copied.
 */
export class ScriptedAgents {
  /** Agents that do nothing any more. */
  readonly dead = new Set<string>();
  /** Seconds that the copy takes. */
  copy = 8;
  /** What goes wrong with a hand-over once it copies: its error. */
  fails: (handOver: HandOver) => string | undefined = () => undefined;
  /** Whether the source's agent dies once everything is sent: the target takes the slots by itself. */
  diesAtSwitch = false;
  readonly #world: World;
  readonly #ports: Ports;
  readonly #began = new Map<string, number>();
  readonly #orders = new Map<string, string>();

  constructor(world: World, ports: Ports) {
    this.#world = world;
    this.#ports = ports;
    this.#run();
  }

  /** As an agent does on its own notice: with its standing order, before anybody else. */
  async opens(source: string, target: string, go = true): Promise<HandOver> {
    const { slots, handOvers, clock } = this.#ports;
    const held = (await slots.read('a', SLOTS)).filter(({ holder }) => holder === source);
    const cause = go ? 'interruption' : 'rebalance';
    const result = await handOvers.open({
      shard: 'a',
      source,
      target,
      slots: held.map(({ slot, epoch }) => ({ slot, epoch })),
      cause,
      at: clock.now(),
      go,
    });
    if (result.outcome === 'taken') throw new Error(`target ${target} is taken by ${result.by}`);
    this.#orders.set(source, result.handOver.id);
    return result.handOver;
  }

  #run(): void {
    const { clock } = this.#world;
    const second = async () => {
      for (const { id, state } of this.#world.fleet.all()) {
        if (this.dead.has(id)) continue;
        if (state !== 'running' && state !== 'draining' && state !== 'interrupted') continue;
        if (Math.round(clock.now()) % BEAT === 0) await this.#beat(id);
        for (const slice of sliceIdsOf(id, this.#world.settings)) await this.#source(slice);
      }
    };
    const loop = (): void =>
      clock.schedule(clock.now() + 1, () => {
        clock.wake();
        void second();
        loop();
      });
    void second();
    loop();
  }

  async #beat(instance: string): Promise<void> {
    const { clock, settings, hosts } = this.#world;
    const slices = sliceIdsOf(instance, settings).map((slice) => {
      const shard = hosts.environments.get(slice);
      const { port } = parseSliceId(slice);
      const said = { slice, port, stateBytes: 1, dirtyBytesPerSecond: 0, metrics: {} };
      return shard === undefined ? said : { ...said, shard };
    });
    const orders = await this.#ports.agents.beat({
      instance,
      bootId: 'boot',
      address: '10.0.0.1',
      transferPort: 7946,
      at: clock.now(),
      leaseUntil: clock.now() + LEASE,
      slices,
    });
    for (const [slice, id] of Object.entries(orders.handOvers)) this.#orders.set(slice, id);
  }

  /** One second of the source's half. */
  async #source(slice: string): Promise<void> {
    const id = this.#orders.get(slice);
    if (id === undefined) return;
    const { handOvers, clock } = this.#ports;
    const record = await handOvers.get(slice);
    if (record === undefined || record.id !== id || isOver(record)) return;
    const advance = (change: Parameters<typeof handOvers.advance>[2]) => handOvers.advance(slice, id, change);
    if (this.dead.has(parseSliceId(record.target).instance))
      return void (await advance({ phase: 'failed', error: `no answer from ${record.target}` }));
    if (record.phase === 'open') {
      this.#began.set(id, clock.now());
      this.#world.hosts.environments.set(record.target, record.shard);
      return void (await advance({ phase: 'copying' }));
    }
    const error = this.fails(record);
    if (error !== undefined) return void (await advance({ phase: 'failed', error }));
    if (clock.now() < (this.#began.get(id) ?? 0) + this.copy || !record.go) return;
    await advance({ phase: 'switching' });
    if (this.diesAtSwitch) {
      this.dead.add(parseSliceId(slice).instance);
      const { clock: time } = this.#world;
      time.schedule(time.now() + LEASE + 5, () => {
        time.wake();
        void this.#pass(record);
      });
      return;
    }
    await this.#pass(record);
  }

  async #pass(record: HandOver): Promise<void> {
    const { slots, handOvers, clock } = this.#ports;
    for (const { slot, epoch } of record.slots)
      await slots.pass(record.shard, { slot, epoch, holder: record.source }, record.target);
    const progress = {
      at: clock.now(),
      round: 2,
      copiedBytes: 1000,
      dirtyBytes: 0,
      bytesPerSecond: 100,
      predictedPause: 0.5,
      outrun: false,
      pause: 0.4,
    };
    await handOvers.advance(record.source, record.id, { phase: 'done', progress });
  }
}

/** Slots of shard `a`. */
export const SLOTS = 4;

export const first = (instance: string) => sliceId(instance, 8080);
