import { handOverPorts } from '../../../adapters/aws/hand-over/ports.ts';
import { isOver } from '../../../core/hand-over/record.ts';
import { parseSliceId } from '../../../core/shards/slice.ts';
import type { World } from '../world.ts';

/** Seconds. */
const LEASE = 10;

/**
 * The agents of the deployed service, as far as its functions see them: moto's instances run nothing. They beat and take
 * hand-overs through their phases, in the real table; nothing is copied.
 */
export class DeployedAgents {
  /** Instances whose agents beat; all of them where it is not given. */
  only: ReadonlySet<string> | undefined;
  readonly #world: World;
  readonly #ports;
  /** The environments that hand-overs have activated, by slice. */
  readonly #environments = new Map<string, string>();
  #running: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(world: World) {
    this.#world = world;
    this.#ports = handOverPorts(world.table);
    this.#timer = setInterval(() => {
      this.#running ??= this.#turn()
        .catch((error) => console.error('agents:', error))
        .finally(() => {
          this.#running = undefined;
        });
    }, 1000);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Every agent beats, and does one step of each hand-over that it has to carry out. */
  async #turn(): Promise<void> {
    const now = Date.now() / 1000;
    for (const { sk: slice, placement } of await this.#world.items('slice')) {
      const { instance, port } = parseSliceId(slice);
      if (this.only !== undefined && !this.only.has(instance)) continue;
      const { kind, shard } = placement as { kind: string; shard?: string };
      const environment = this.#environments.get(slice) ?? (kind === 'active' ? shard : undefined);
      const said = { slice, port, stateBytes: 1000, dirtyBytesPerSecond: 0, metrics: {} };
      const { handOvers } = await this.#ports.agents.beat({
        instance,
        bootId: 'boot',
        address: '10.0.0.1',
        transferPort: 7946,
        at: now,
        leaseUntil: now + LEASE,
        slices: [environment === undefined ? said : { ...said, shard: environment }],
      });
      for (const [source, id] of Object.entries(handOvers)) await this.#step(source, id);
    }
  }

  async #step(source: string, id: string): Promise<void> {
    const { handOvers, slots } = this.#ports;
    const record = await handOvers.get(source);
    if (record === undefined || record.id !== id || isOver(record)) return;
    const { phase, target, shard, go } = record;
    if (phase === 'open') {
      this.#environments.set(target, shard);
      await handOvers.advance(source, id, { phase: 'copying' });
    } else if (phase === 'copying' && go) await handOvers.advance(source, id, { phase: 'switching' });
    else if (phase === 'switching') {
      for (const { slot, epoch } of record.slots)
        await slots.pass(shard, { slot, epoch, holder: source }, target);
      await handOvers.advance(source, id, { phase: 'done' });
    }
  }
}
