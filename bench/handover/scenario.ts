import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { handOverPorts } from '../../adapters/aws/hand-over/ports.ts';
import type { Table } from '../../adapters/aws/table.ts';
import { type HandOver, isOver } from '../../core/hand-over/record.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { eventually } from '../../test/hosts/rig/processes.ts';
import { MemoryTable } from '../../test/model-aws/memory-table.ts';
import type { AgentCalls } from './agent.ts';
import type { AppCalls } from './app.ts';
import { startBalancer } from './balancer.ts';
import { agentFlags, startChild } from './child.ts';
import type { ClientCalls } from './client.ts';
import { type Place, SOURCE, TARGET } from './link.ts';
import type { MeterCalls } from './meter.ts';
import { BEFORE, type Trace, traceOf } from './trace.ts';

const PORT = 8080;
const FROM = `i-old:${PORT}`;
const TO = `i-new:${PORT}`;
const SETTINGS = `
service: bench
shards:
  - { name: bench, capacity: { perInstance: 100 }, handOver: { state: copy } }
fleet: { max: 12 }
`;
/** A read or write of the table in the same region. */
const TABLE_MS = 5;
const NOTICE = 118;
/** How often the workflow looks at the record. */
const POLL_MS = 2000;

export interface Wanted {
  readonly bytes: number;
  /** Of the state, in a second. */
  readonly dirty: number;
  /** AWS has recommended to leave the instance, and the copy has been kept fresh since. */
  readonly precopied: boolean;
}

export interface HandedOver {
  /** Last answer of the old to first of the new holder, as a client sees it (s). */
  readonly pause: number;
  /** From the notice in the metadata to the client's first answer from the new holder (s). */
  readonly redirect: number;
  readonly peak: number;
  readonly phase: string;
  readonly error: string | undefined;
  /** Bytes that were copied in all. */
  readonly copied: number;
  readonly outrun: boolean;
}

/** Seconds that a trace goes on when the load balancer has followed. */
const AFTER = 3;

/**
 * One interruption: agents, applications and a client behind a load balancer, until the redirect.
 * @param onTrace gets what was seen meanwhile, second by second; without it nothing is looked at
 */
export async function handOver(
  place: Place,
  wanted: Wanted,
  onTrace?: (trace: Omit<Trace, 'linkMbits'>) => void,
): Promise<HandedOver> {
  const { bytes, dirty, precopied } = wanted;
  const memory = new MemoryTable();
  const table = slowly(memory);
  const lines: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'foreshard-bench-'));
  const folderOf = (name: string) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  };
  const offered = { table, bench: { log: async (line: string) => void lines.push(line) } };
  const flags = agentFlags();
  const [from, to, app, reserve, client, balancer] = await Promise.all([
    startChild<AgentCalls>(place.source, 'agent.ts', { offered, flags }),
    startChild<AgentCalls>(place.target, 'agent.ts', { offered, flags }),
    startChild<AppCalls>(place.source, 'app.ts'),
    startChild<AppCalls>(place.target, 'app.ts'),
    startChild<ClientCalls>(place.outside, 'client.ts'),
    startBalancer(place, parseSettings(SETTINGS, 'bench'), { [FROM]: 2, [TO]: 3 }),
  ]);
  const ports = handOverPorts(memory);
  const meter = onTrace && (await startChild<MeterCalls>(place.source, 'meter.ts'));
  try {
    await Promise.all([app.calls.start('old', PORT + 10_000), reserve.calls.start('new', PORT + 10_000)]);
    await Promise.all([app.calls.fill(bytes, dirty, true), reserve.calls.fill(bytes, 0, false)]);
    const common = { port: PORT, settings: SETTINGS };
    await Promise.all([
      from.calls.start({ ...common, instance: 'i-old', address: SOURCE, folder: folderOf('old') }),
      to.calls.start({ ...common, instance: 'i-new', address: TARGET, folder: folderOf('new') }),
    ]);
    await ports.slots.pass('bench', { slot: 0, epoch: 0 }, FROM);
    await from.calls.activate(FROM);
    await balancer.register(FROM);
    await ports.agents.order(FROM, { reserve: TO });
    await client.calls.start(balancer.url);
    await eventually('the old holder answers', async () => {
      await from.calls.beat();
      return (await client.calls.seen()).holders.old !== undefined;
    });
    await Promise.all([from.calls.resetPeak(), to.calls.resetPeak()]);
    if (precopied) {
      await from.calls.recommend();
      await eventually(
        'the pre-copy is fresh',
        async () => ((await ports.handOvers.get(FROM))?.progress?.round ?? 0) > 1,
        180_000,
      );
    }
    if (meter !== undefined) {
      await meter.calls.start();
      await sleep(BEFORE * 1000);
    }
    const at = await from.calls.interrupt(NOTICE);
    const { record, ...times } = await redirect(ports.handOvers, balancer);
    const seen = await eventually('the new holder answers', async () => {
      const { holders } = await client.calls.seen();
      return isServed(record) ? holders.new && holders : holders;
    });
    const [old, fresh] = [seen.old!, seen.new];
    if (meter !== undefined && isServed(record)) {
      await sleep(AFTER * 1000);
      const [answers, called, calledThere, samples] = await Promise.all([
        client.calls.answers(),
        app.calls.called(),
        reserve.calls.called(),
        meter.calls.samples(),
      ]);
      onTrace?.(
        traceOf({
          ...{ wanted, notice: at, answers, samples, ...times },
          ...{ old: called, fresh: calledThere },
        }),
      );
    }
    return {
      pause: fresh === undefined ? Number.NaN : (fresh.first - old.last) / 1000,
      redirect: fresh === undefined ? Number.NaN : (fresh.first - at) / 1000,
      peak: Math.max(await from.calls.peak(), await to.calls.peak()),
      phase: record.phase,
      error: record.error,
      copied: record.progress?.copiedBytes ?? 0,
      outrun: record.progress?.outrun ?? false,
    };
  } catch (error) {
    const others = JSON.stringify((await client.calls.seen()).others);
    throw new Error(`${(error as Error).message}; answers: ${others}\n${lines.slice(-20).join('\n')}`, {
      cause: error,
    });
  } finally {
    await Promise.all([from, to, app, reserve, client, meter].map((child) => child?.end()));
    await balancer.close();
    rmSync(folder, { recursive: true });
  }
}

const isServed = ({ phase }: HandOver) => phase === 'done';

/** What the workflow does: waits for the record, and has the load balancer send to the new holder; the old one forwards until it does. */
async function redirect(
  handOvers: ReturnType<typeof handOverPorts>['handOvers'],
  balancer: Awaited<ReturnType<typeof startBalancer>>,
): Promise<{ readonly record: HandOver; readonly registered: number; readonly followed: number }> {
  for (;;) {
    const record = await handOvers.get(FROM);
    if (record !== undefined && isOver(record)) {
      const registered = Date.now();
      if (isServed(record)) {
        await balancer.register(TO);
        await eventually('the new target is healthy', async () => (await balancer.health(TO)) === 'healthy');
        await balancer.deregister(FROM);
      }
      return { record, registered, followed: Date.now() };
    }
    await sleep(POLL_MS);
  }
}

/** The table, as far away as DynamoDB is. */
function slowly(table: Table): Table {
  const later = async <T>(work: () => Promise<T>) => {
    await sleep(TABLE_MS);
    return work();
  };
  return {
    get: (...args) => later(() => table.get(...args)),
    query: (...args) => later(() => table.query(...args)),
    put: (...args) => later(() => table.put(...args)),
    update: (...args) => later(() => table.update(...args)),
    delete: (...args) => later(() => table.delete(...args)),
  };
}
