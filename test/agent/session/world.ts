import { TableAgents } from '../../../adapters/aws/hand-over/agents.ts';
import { TableHandOvers } from '../../../adapters/aws/hand-over/hand-overs.ts';
import { TableSlotMaps } from '../../../adapters/aws/hand-over/slot-maps.ts';
import type { Table } from '../../../adapters/aws/table.ts';
import type { ActiveSlice, Notice } from '../../../agent/serving.ts';
import { SlotServing } from '../../../agent/session/serving.ts';
import { CopyError } from '../../../agent/transfer/errors.ts';
import { tagKey } from '../../../agent/transfer/keys.ts';
import { Receiver } from '../../../agent/transfer/receiver.ts';
import { Sender } from '../../../agent/transfer/sender.ts';
import type { Accepted } from '../../../agent/transfer/types.ts';
import { type HandOver, secretOf } from '../../../core/hand-over/record.ts';
import { type ShardSettings, shardSchema } from '../../../core/settings/schema.ts';
import { parseSliceId } from '../../../core/shards/slice.ts';
import { MemoryTable } from '../../model-aws/memory-table.ts';
import { ManualClock, turns } from '../manual-clock.ts';
import { FakeApp } from './fake-app.ts';
import { type Fault, Life } from './life.ts';
import { MemoryLink } from './memory-link.ts';

export const LEASE = 30;
export const SHARD = 'rooms';
const KEY = tagKey(new Uint8Array(32).fill(5), Buffer.alloc(16, 7));

export interface Host {
  readonly instance: string;
  readonly slice: string;
  readonly app: FakeApp;
  readonly logs: string[];
  /** Remembered across restarts of the agent, as in /run. */
  active: boolean;
  notice: Notice;
  life: Life;
  serving: SlotServing;
  copies: Map<string, { link: MemoryLink; receiver: Receiver }>;
  links: MemoryLink[];
  up: boolean;
  /** Into the shard's environment. */
  activate: () => Promise<void>;
}

/** Agents, applications and a table in one process and in virtual time. */
export class World {
  readonly clock = new ManualClock();
  readonly table = new MemoryTable();
  readonly maps = new TableSlotMaps(this.table);
  readonly agents = new TableAgents(this.table);
  readonly handOvers = new TableHandOvers(this.table, { random: (n) => new Uint8Array(n).fill(5) });
  readonly hosts = new Map<string, Host>();
  readonly shard: ShardSettings;
  readonly slots: number;

  constructor(slots = 2) {
    this.slots = slots;
    this.shard = shardSchema.parse({
      name: SHARD,
      route: { path: '/rooms' },
      capacity: { perInstance: 100 },
      handOver: { state: 'copy', lease: LEASE, slots: { count: slots, by: { header: 'x-room' } } },
    });
  }

  /** An instance with one slice, its agent running. */
  async host(instance: string, { active = true, fault = () => 0 }: { active?: boolean; fault?: Fault } = {}) {
    const slice = `${instance}:8080`;
    const app = new FakeApp(instance);
    const host = { instance, slice, app, logs: [], active, notice: {}, up: false } as unknown as Host;
    this.hosts.set(instance, host);
    await this.start(host, fault);
    return host;
  }

  /** A new process of the agent. @param generation of the application, as the process before remembered it */
  async start(host: Host, fault: Fault = () => 0, generation?: string): Promise<void> {
    const life = new Life(this.clock, fault);
    const table = life.wrap<Table>('table', this.table, 0.004);
    const log =
      (level: string) =>
      (event: string, fields: object = {}) => {
        if (!life.dead)
          host.logs.push(`${this.clock.now().toFixed(3)} ${level} ${event} ${JSON.stringify(fields, plain)}`);
      };
    const app = life.wrap('app', host.app, 0.001);
    const shard = this.shard;
    const known = generation === undefined ? {} : { generation };
    const activeSlice: ActiveSlice = { slice: host.slice, port: 0, appPort: 1, shard, app, ...known };
    const serving = new SlotServing({
      agents: new TableAgents(table),
      handOvers: new TableHandOvers(table, { random: (n) => new Uint8Array(n).fill(5) }),
      maps: new TableSlotMaps(table),
      clock: life.clock,
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      // What a gateway does with its requests is tested elsewhere; client.ts does the same in little.
      gateway: () => ({ listen: async () => 0, close: async () => {} }),
      connect: (handOver, signal) => this.#connect(host, handOver, signal),
      host: {
        instance: host.instance,
        activate: async () => {
          await host.activate();
          return activeSlice;
        },
      },
    });
    const activate = async () => {
      await app.activate(SHARD);
      host.active = true;
      await serving.open(activeSlice);
    };
    Object.assign(host, { life, serving, copies: new Map(), links: [], up: true, activate });
    if (host.active) await serving.open(activeSlice);
    if (host.notice.noticeAt !== undefined || host.notice.rebalanceAt !== undefined)
      serving.noticed(host.notice);
    void this.#beats(host, life, serving, new TableAgents(table));
  }

  /** The slice leaves its shard, as a move or a person has it. */
  async deactivate(host: Host): Promise<void> {
    await host.serving.close(host.slice);
    await host.app.deactivate();
    host.active = false;
  }

  /** kill -9 of the agent: the application goes on. */
  kill(host: Host): void {
    host.life.dead = true;
    host.up = false;
  }

  /** The instance is gone with all that was on it. */
  terminate(host: Host): void {
    this.kill(host);
    host.app.slots.clear();
    this.hosts.delete(host.instance);
  }

  notice(host: Host, notice: Notice): void {
    host.notice = { ...host.notice, ...notice };
    if (host.up) host.serving.noticed(host.notice);
  }

  /** Gives slots to a slice as the control plane does. */
  async give(host: Host, slots: readonly number[]): Promise<void> {
    for (const slot of slots) {
      const map = await this.maps.read(SHARD, this.slots);
      await this.maps.pass(SHARD, map[slot]!, host.slice);
    }
  }

  /** Passes virtual time until it is so. @returns whether it became so within that time */
  async until(what: () => boolean | Promise<boolean>, seconds = 300): Promise<boolean> {
    const end = this.clock.now() + seconds;
    for (;;) {
      await turns(4);
      if (await what()) return true;
      if (this.clock.now() >= end || !this.clock.step(end - this.clock.now())) return Promise.resolve(what());
    }
  }

  async pass(seconds: number): Promise<void> {
    const end = this.clock.now() + seconds;
    await this.until(() => this.clock.now() >= end, seconds);
  }

  record(host: Host): Promise<HandOver | undefined> {
    return this.handOvers.get(host.slice);
  }

  /** Ends it all: nothing listens any more. */
  async close(): Promise<void> {
    for (const host of this.hosts.values()) if (host.up) this.kill(host);
    await turns();
  }

  async #beats(host: Host, life: Life, serving: SlotServing, agents: TableAgents): Promise<void> {
    while (!life.dead) {
      const began = life.clock.monotonic();
      const at = life.clock.now();
      try {
        serving.saw(host.slice, (await host.app.stats()).generation!);
        const orders = await agents.beat({
          instance: host.instance,
          bootId: `${at}`,
          address: '127.0.0.1',
          transferPort: 1,
          at,
          leaseUntil: at + LEASE,
          slices: host.active
            ? [
                {
                  slice: host.slice,
                  shard: SHARD,
                  port: 0,
                  stateBytes: 0,
                  dirtyBytesPerSecond: 0,
                  metrics: {},
                },
              ]
            : [],
          ...host.notice,
        });
        serving.beaten(orders, began, LEASE);
        await life.clock.sleep(host.notice.noticeAt === undefined ? LEASE / 3 : 2);
      } catch {
        await life.clock.sleep(1);
      }
    }
  }

  async #connect(from: Host, handOver: HandOver, signal: AbortSignal): Promise<Sender> {
    const { life } = from;
    return life.step('link.connect', 0.002, async () => {
      const to = this.hosts.get(parseSliceId(handOver.target).instance);
      signal.throwIfAborted();
      if (to === undefined || !to.up)
        throw new CopyError('unreachable', `${handOver.target} does not answer`);
      const { serving, copies, life: other } = to;
      const accepted: Accepted | undefined = await serving.incoming.lookup(handOver.id);
      if (accepted === undefined) throw new CopyError('refused', `${handOver.id} is not known`);
      if (Buffer.compare(accepted.secret, secretOf(handOver)) !== 0) throw new CopyError('refused', 'secret');
      for (let old = copies.get(handOver.id); old; old = copies.get(handOver.id)) {
        old.link.close(new CopyError('lost', 'the source has begun again'));
        await old.receiver.ended;
        copies.delete(handOver.id);
      }
      const [a, b] = MemoryLink.pair(this.clock, life, other);
      from.links.push(a);
      to.links.push(b);
      copies.set(handOver.id, { link: b, receiver: new Receiver(b, KEY, accepted.target) });
      // No compression: it runs on threads, in real time.
      return new Sender(a, KEY, { chunkBytes: 60, parallel: 2 });
    });
  }
}

const plain = (_: string, value: unknown) => (value instanceof Error ? `${value.message}` : value);
