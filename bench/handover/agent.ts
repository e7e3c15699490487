import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { TableAgents } from '../../adapters/aws/hand-over/agents.ts';
import type { Table } from '../../adapters/aws/table.ts';
import { configSchema } from '../../agent/config.ts';
import type { App } from '../../agent/contract.ts';
import { Daemon } from '../../agent/daemon.ts';
import { systemClock as clock } from '../../agent/gateway/clock.ts';
import { appOf } from '../../agent/hooks/app.ts';
import { jsonLog } from '../../agent/log.ts';
import { Measure } from '../../agent/measure.ts';
import { SliceMemory } from '../../agent/memory.ts';
import { Metadata } from '../../agent/metadata.ts';
import { KnownSettings } from '../../agent/settings.ts';
import { type Slots, slotsOf } from '../../agent/slots.ts';
import { CopyServer, openCopy } from '../../agent/transfer/index.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { FakeImds } from '../../test/agent/daemon/fake-imds.ts';
import { offer } from './child.ts';

/**
 * The agent as its own process: everything that its daemon is made of, but that the table is the bench's and the
 * metadata are a fake. Alone, its part that copies.
 */
const appAt = (port: number, gateway: boolean): App => {
  const { hooks, state, timeouts } = configSchema.parse({
    service: 'bench',
    table: 'bench',
    settings: '/none',
    hooks: { http: 'http://127.0.0.1:{appPort}/hooks' },
  });
  return appOf({ hooks, state, timeouts }, { shard: 'bench', port, gateway });
};

export interface AgentOptions {
  readonly instance: string;
  readonly address: string;
  readonly port: number;
  readonly settings: string;
  /** For what it writes. */
  readonly folder: string;
}

let server: CopyServer | undefined;
let daemon: Daemon | undefined;
let imds: FakeImds | undefined;

const offered = {
  async start({ instance, address, port, settings, folder }: AgentOptions): Promise<void> {
    imds = await FakeImds.start();
    const table = peer.remote<Table>('table');
    const log = jsonLog((line) => peer.remote<{ log(line: string): Promise<void> }>('bench').log(line));
    const transferPort = 7946;
    let slots: Slots | undefined;
    daemon = new Daemon({
      ...{ instance, address, transferPort, clock, log },
      bootId: randomUUID(),
      ports: [port],
      agents: new TableAgents(table),
      settings: new KnownSettings(async () => parseSettings(settings, 'bench'), clock, log),
      app: () => appAt(port, true),
      memory: new SliceMemory(folder),
      metadata: new Metadata(imds.url, clock),
      measure: new Measure(clock),
      serving: (host) => {
        slots = slotsOf({ host, table, transferPort, hop: undefined, clock, log });
        return slots;
      },
    });
    await slots!.listen();
    await daemon.start();
  },
  async activate(slice: string): Promise<void> {
    await daemon!.activate(slice, 'bench');
  },
  async beat(): Promise<void> {
    await daemon!.beat();
  },
  async recommend(): Promise<void> {
    imds!.recommend(new Date().toISOString());
  },
  /** @returns when (ms) */
  async interrupt(seconds: number): Promise<number> {
    imds!.interrupt(new Date(Date.now() + seconds * 1000).toISOString());
    return Date.now();
  },
  /** Takes one copy in for the application at a port. */
  async expect(id: string, secret: Uint8Array, appPort: number): Promise<number> {
    const app = appAt(appPort, false);
    const nothing = async () => undefined;
    const target = {
      ...{ slots: [0], sink: app.state, begin: nothing, ready: nothing, serve: nothing },
      ended: () => undefined,
    };
    await server?.close();
    server = new CopyServer({ lookup: async (asked) => (asked === id ? { secret, target } : undefined) });
    return server.listen(0);
  },
  /** Copies everything; seconds from before the connection to the word that all is applied. */
  async copy(host: string, port: number, id: string, secret: Uint8Array, appPort: number): Promise<number> {
    const from = performance.now();
    const copy = await openCopy({ host, port, id, secret });
    await copy.finish(appAt(appPort, false).state, [0]);
    const seconds = (performance.now() - from) / 1000;
    await copy.close();
    return seconds;
  },
  async resetPeak(): Promise<void> {
    writeFileSync('/proc/self/clear_refs', '5');
  },
  /** Largest memory since then (bytes). */
  async peak(): Promise<number> {
    const [, kib] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number(kib) * 1024;
  },
};
export type AgentCalls = typeof offered;
const peer = offer(offered);
