import type { LoadBalancer, TargetHealth } from '../../core/ports.ts';
import type { Seconds } from '../../core/time.ts';
import type { Ask } from './haproxy-socket.ts';

/** Thrown when a slice is registered that has no address: its instance does not run. */
export class InvalidTarget extends Error {
  override readonly name = 'InvalidTarget';
}

/** Thrown when haproxy refuses what it is asked. */
export class HaproxyError extends Error {
  override readonly name = 'HaproxyError';
}

export interface HaproxyParts {
  readonly ask: Ask;
  /** Where a slice answers; undefined when its instance does not run. */
  readonly addressOf: (slice: string) => { readonly host: string; readonly port: number } | undefined;
  /** How a shard's targets are checked, as arguments of `add server`. */
  readonly check: (shard: string) => string;
  /** Seconds for which a deregistered target finishes what it has. */
  readonly drain: Seconds;
}

/** What haproxy says of a target. */
interface Server {
  readonly up: boolean;
  readonly admin: 'ready' | 'drain' | 'maintenance';
  readonly checked: boolean;
  /** Seconds since any of it changed. */
  readonly since: Seconds;
}

/** Bits of srv_admin_state (haproxy's management guide, "show servers state"). */
const IN_MAINTENANCE = 0x01 | 0x02 | 0x04 | 0x20;
const DRAINS = 0x08 | 0x10;

/**
 * A haproxy in place of the ALB, by its runtime API; haproxy-config.ts has its configuration. All state is haproxy's own:
 * a target is a server of its shard's backend, named by its slice; while it drains it is in haproxy's `drain`, and it is
 * removed when somebody looks at it after its delay.
 */
export class HaproxyLoadBalancer implements LoadBalancer {
  readonly #parts: HaproxyParts;

  constructor(parts: HaproxyParts) {
    this.#parts = parts;
  }

  /** @throws {InvalidTarget} @throws {HaproxyError} */
  async register(shard: string, slice: string): Promise<void> {
    const { addressOf, check } = this.#parts;
    const address = addressOf(slice);
    if (address === undefined)
      throw new InvalidTarget(`target ${slice} of shard ${shard}: its instance does not run`);
    const at = `${shard}/${slice}`;
    const server = await this.#server(shard, slice);
    if (server?.admin === 'ready') return;
    if (server?.admin === 'drain') return this.#do(`set server ${at} state ready`);
    if (server !== undefined) await this.#remove(at);
    // A new server of haproxy counts as up until its first check; `health down` makes it wait for that one.
    await this.#do(
      [
        `add server ${at} ${address.host}:${address.port} ${check(shard)}`,
        `enable health ${at}`,
        `set server ${at} state ready`,
        `set server ${at} health down`,
      ].join('; '),
      'New server registered.',
    );
  }

  async deregister(shard: string, slice: string): Promise<void> {
    const server = await this.#server(shard, slice);
    if (server?.admin === 'ready') await this.#do(`set server ${shard}/${slice} state drain`);
  }

  async health(shard: string, slice: string): Promise<TargetHealth> {
    const server = await this.#server(shard, slice);
    if (server === undefined || server.admin === 'maintenance') return 'unused';
    if (server.admin === 'drain') {
      // Nothing can be under way where nobody answers.
      if (server.up && server.since < this.#parts.drain) return 'draining';
      await this.#remove(`${shard}/${slice}`);
      return 'unused';
    }
    if (server.up) return 'healthy';
    return server.checked ? 'unhealthy' : 'initial';
  }

  /** Ends what it still serves. */
  async #remove(at: string): Promise<void> {
    await this.#do(`set server ${at} state maint; shutdown sessions server ${at}`);
    await this.#do(`del server ${at}`, 'Server deleted.');
  }

  async #server(shard: string, slice: string): Promise<Server | undefined> {
    const said = await this.#parts.ask(`show servers state ${shard}`);
    const [, head, ...lines] = said.trim().split('\n');
    const columns = head?.replace(/^# /, '').split(' ') ?? [];
    if (!columns.includes('srv_name')) throw new HaproxyError(`show servers state ${shard}: ${said.trim()}`);
    for (const line of lines) {
      const fields = line.split(' ');
      const value = (column: string) => fields[columns.indexOf(column)] ?? '';
      if (value('srv_name') !== slice) continue;
      const admin = Number(value('srv_admin_state'));
      return {
        up: value('srv_op_state') !== '0',
        admin: admin & IN_MAINTENANCE ? 'maintenance' : admin & DRAINS ? 'drain' : 'ready',
        checked: value('srv_check_result') !== '0',
        since: Number(value('srv_time_since_last_change')),
      };
    }
    return undefined;
  }

  async #do(line: string, expected = ''): Promise<void> {
    const said = (await this.#parts.ask(line)).trim();
    if (said !== expected) throw new HaproxyError(`${line}: expected "${expected}", got "${said}"`);
  }
}
