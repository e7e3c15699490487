import type { Seconds } from '../core/time.ts';
import { resize, shardOf, vmShardTo } from '../core/vm/lifecycle.ts';
import { VmRefused } from '../core/vm/refused.ts';
import type {
  InterruptibilityPolicy,
  VmInstance,
  VmShardRequest,
  VmShardState,
  VmSize,
} from '../core/vm/shard.ts';
import { allocateShards } from './vm-allocate.ts';
import { change } from './vm-change.ts';
import { moveVmShard } from './vm-move.ts';
import type { VmParts } from './vm-parts.ts';
import { reserveVmShard, type VmReserve } from './vm-reserve.ts';

/**
 * VM shards as people and programs ask for them. Every change is one conditional write of the instance's item; the agent
 * carries it out with its next beat, and the tick finishes what takes longer (flows/vm-settle.ts).
 *
 * Each method throws `VmRefused` (what does not fit, or is not allowed now), `VmUnknown` (no such instance or
 * VM shard), `VmChanged` (another version than `version` is there) or `IllegalTransition`.
 */
export class VmFlows {
  readonly #parts: VmParts;

  constructor(parts: VmParts) {
    this.#parts = parts;
  }

  async list(): Promise<readonly VmInstance[]> {
    return (await this.#parts.vms.list()).map(({ vm }) => vm);
  }

  async get(instanceID: string): Promise<VmInstance | undefined> {
    return (await this.#parts.vms.get(instanceID))?.vm;
  }

  /**
   * Divides a running instance into VM shards, or adds some. Its slices must be free when it is divided for the first
   * time: they end. A repeat changes nothing.
   */
  async allocate(
    instanceID: string,
    shards: readonly VmShardRequest[],
    policy?: InterruptibilityPolicy,
    version?: number,
  ): Promise<VmInstance> {
    return allocateShards(this.#parts, { instanceID, shards, policy, version });
  }

  async resize(
    instanceID: string,
    shardID: string,
    to: Partial<VmSize> & { readonly priority?: number },
    version?: number,
  ): Promise<VmInstance> {
    const { settings } = this.#parts;
    return change(this.#parts, instanceID, shardID, version, ({ vm }) => resize(vm, shardID, to, settings));
  }

  /** Takes it out of its traffic and then stops all that runs in it where it is, its memory kept. */
  async freeze(instanceID: string, shardID: string, version?: number): Promise<VmInstance> {
    return this.#to('freezing', instanceID, shardID, version);
  }

  async thaw(instanceID: string, shardID: string, version?: number): Promise<VmInstance> {
    return this.#to('running', instanceID, shardID, version);
  }

  /** Takes it out of its traffic and then ends it, its disk included. */
  async remove(instanceID: string, shardID: string, version?: number): Promise<VmInstance> {
    return this.#to('removing', instanceID, shardID, version);
  }

  /** Holds room for it on another instance until then, sized for what it will need. A repeat prolongs it. */
  async reserve(instanceID: string, shardID: string, until: Seconds): Promise<VmReserve> {
    return reserveVmShard(this.#parts, instanceID, shardID, until);
  }

  /** @param to instance that takes it over. @default the best one that has room, in another Spot pool */
  async move(instanceID: string, shardID: string, to?: string): Promise<VmInstance> {
    return moveVmShard(this.#parts, instanceID, shardID, to);
  }

  #to(state: VmShardState, instanceID: string, shardID: string, version: number | undefined) {
    const at = this.#parts.ports.clock.now();
    return change(this.#parts, instanceID, shardID, version, ({ vm }) => {
      const { state: now, movesFrom } = shardOf(vm, shardID);
      const done = state === 'freezing' ? now === 'frozen' : state === 'removing' && now === 'removed';
      if (done) return vm;
      // A move begins and ends on both sides at once: it is undone by the tick alone.
      if (now === 'moving' || movesFrom !== undefined)
        throw new VmRefused([
          { field: 'shard.state', bound: 'a VM shard that is not being moved', value: now },
        ]);
      return vmShardTo(vm, shardID, state, at);
    });
  }
}
