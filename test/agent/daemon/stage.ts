import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { TableAgents } from '../../../adapters/aws/hand-over/agents.ts';
import type { App, AppStats } from '../../../agent/contract.ts';
import { Daemon } from '../../../agent/daemon.ts';
import { SliceMemory } from '../../../agent/memory.ts';
import { Metadata } from '../../../agent/metadata.ts';
import type { ActiveSlice, Host, Notice, Serving } from '../../../agent/serving.ts';
import { KnownSettings } from '../../../agent/settings.ts';
import type { AgentOrders } from '../../../core/hand-over/agents.ts';
import { parseSettings } from '../../../core/settings/parse.ts';
import { MemoryTable } from '../../model-aws/memory-table.ts';
import { ManualClock } from '../manual-clock.ts';
import { FakeImds } from './fake-imds.ts';
import { lines } from './lines.ts';

export const SETTINGS = `
service: tiny
shards:
  - { name: cart, capacity: { perInstance: 100 }, handOver: { state: copy, lease: 30 } }
  - { name: quick, capacity: { perInstance: 100 }, handOver: { state: copy, lease: 12, dirtyPerSecond: 0.5 } }
  - { name: plain, capacity: { perInstance: 100 } }
fleet: { max: 20, zones: [a, b] }
`;

/** An application that writes down what it is asked, and fails where the test says so. */
export class FakeApp implements App {
  readonly calls: string[];
  stats: () => Promise<AppStats> = async () => ({ slots: [], metrics: {} });
  fails: string | undefined;
  readonly state = {
    changes: async () => ({ token: 't', stream: Readable.from([]) }),
    apply: () => this.#say('apply'),
    discard: () => this.#say('discard'),
  };
  constructor(calls: string[]) {
    this.calls = calls;
  }
  activate = (shard: string) => this.#say(`activate ${shard}`);
  deactivate = (shard: string) => this.#say(`deactivate ${shard}`);
  serve = (slot: number) => this.#say(`serve ${slot}`);
  quiesce = () => this.#say('quiesce');
  resume = () => this.#say('resume');
  release = () => this.#say('release');
  async #say(what: string): Promise<void> {
    this.calls.push(what);
    if (this.fails !== undefined && what.startsWith(this.fails)) throw new Error(`${what}: no`);
  }
}

export class FakeServing implements Serving {
  readonly calls: string[];
  readonly orders: AgentOrders[] = [];
  readonly leases: { readonly began: number; readonly lease: number }[] = [];
  readonly notices: Notice[] = [];
  fails = false;
  constructor(calls: string[]) {
    this.calls = calls;
  }
  async open({ slice, shard }: ActiveSlice): Promise<void> {
    this.calls.push(`open ${slice} ${shard.name}`);
    if (this.fails) throw new Error('the port is taken');
  }
  readonly held = new Set<string>();
  holds(slice: string): boolean {
    return this.held.has(slice);
  }
  async close(slice: string): Promise<void> {
    this.calls.push(`close ${slice}`);
  }
  beaten(orders: AgentOrders, began: number, lease: number): void {
    this.orders.push(orders);
    this.leases.push({ began, lease });
  }
  readonly seen: string[] = [];
  isLost = false;
  saw(slice: string, generation: string): boolean {
    this.seen.push(`${slice} ${generation}`);
    return !this.isLost;
  }
  noticed(notice: Notice): void {
    this.notices.push(notice);
  }
  async handOver(slice: string, target: string): Promise<string> {
    return `${slice} to ${target}`;
  }
  async stop(): Promise<void> {
    this.calls.push('stop');
  }
}

/** A daemon with a table in memory, and time that passes when the test says so. */
export async function stage(over: { readonly ports?: readonly number[]; readonly folder?: string } = {}) {
  const imds = await FakeImds.start();
  const clock = new ManualClock();
  const table = new MemoryTable();
  const agents = new TableAgents(table);
  const folder = over.folder ?? mkdtempSync(join(tmpdir(), 'foreshard-agent-'));
  const said = lines();
  const calls: string[] = [];
  const apps = new Map<string, FakeApp>();
  const app = (port: number, { name }: { readonly name: string }) => {
    const key = `${port} ${name}`;
    const found = apps.get(key) ?? new FakeApp(calls);
    apps.set(key, found);
    return found;
  };
  const serving = new FakeServing(calls);
  const world = { settings: SETTINGS, down: false };
  const daemonOf = (bootId = 'boot-1') =>
    new Daemon({
      instance: 'i-1',
      address: '10.0.0.1',
      transferPort: 7946,
      bootId,
      ports: over.ports ?? [8080],
      agents: {
        beat: (state) => (world.down ? Promise.reject(new Error('no table')) : agents.beat(state)),
      },
      settings: new KnownSettings(async () => parseSettings(world.settings, 's'), clock, said.log),
      app,
      memory: new SliceMemory(folder),
      metadata: new Metadata(imds.url, clock),
      measure: { look: async () => ({ memory: 0.5, cpu: 0.25 }) },
      serving: (_: Host) => serving,
      clock,
      log: said.log,
    });
  const stop = () => {
    imds.stop();
    if (over.folder === undefined) rmSync(folder, { recursive: true, force: true });
  };
  return { imds, clock, table, agents, folder, said, calls, apps, app, serving, world, daemonOf, stop };
}

export type Stage = Awaited<ReturnType<typeof stage>>;
