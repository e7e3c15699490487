import type { HostCommand, HostResult, Hosts } from '../../core/ports.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import type { VirtualClock } from './clock.ts';

export interface HostsWorld {
  readonly running: (instance: string) => boolean;
  /** Seconds that a command takes, and whether it fails. */
  readonly commandTime: (command: HostCommand) => Seconds;
  readonly commandFails: (command: HostCommand) => boolean;
}

/** Commands on instances: they take their time, and fail on an instance that does not run to their end. */
export class SimHosts implements Hosts {
  /** The shard in whose environment each slice is. */
  readonly environments = new Map<string, string>();
  readonly #clock: VirtualClock;
  readonly #world: HostsWorld;

  constructor(clock: VirtualClock, world: HostsWorld) {
    this.#clock = clock;
    this.#world = world;
  }

  async run(slice: string, command: HostCommand): Promise<HostResult> {
    const { instance } = parseSliceId(slice);
    if (!this.#world.running(instance)) return { ok: false, error: `instance ${instance} does not run` };
    await this.#clock.sleepUntil(this.#clock.now() + this.#world.commandTime(command));
    if (!this.#world.running(instance)) return { ok: false, error: `instance ${instance} ended meanwhile` };
    if (this.#world.commandFails(command))
      return { ok: false, error: `${command.kind} ${command.shard}: exit code 1` };
    if (command.kind === 'activate') this.environments.set(slice, command.shard);
    else if (this.environments.get(slice) === command.shard) this.environments.delete(slice);
    return { ok: true };
  }

  /** The instance has stopped or ended. */
  drop(slice: string): void {
    this.environments.delete(slice);
  }
}
