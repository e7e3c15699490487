import type { S3Client } from '@aws-sdk/client-s3';
import { TableAgents } from '../adapters/aws/hand-over/agents.ts';
import { TableHandOvers } from '../adapters/aws/hand-over/hand-overs.ts';
import { TableSlotMaps } from '../adapters/aws/hand-over/slot-maps.ts';
import type { Table } from '../adapters/aws/table.ts';
import type { HandOver } from '../core/hand-over/record.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Config } from './config.ts';
import type { AgentClock } from './gateway/clock.ts';
import type { Log } from './log.ts';
import type { Host, Serving } from './serving.ts';
import { SlotServing } from './session/serving.ts';
import { CopyServer, openCopy } from './transfer/index.ts';

export interface ServingParts {
  readonly config: Config;
  readonly table: Table;
  readonly s3: S3Client;
  readonly host: Host;
  readonly address: string;
  readonly clock: AgentClock;
  readonly log: Log;
}

/** What serves the slots of this instance: on the table, and over TCP to other agents. */
export function servingOf({ config, table, host, clock, log }: ServingParts): Serving {
  const agents = new TableAgents(table);
  const connect = async ({ id, secret, target }: HandOver, signal: AbortSignal) => {
    const agent = await agents.get(parseSliceId(target).instance);
    if (agent === undefined) throw new Error(`agent of ${target}: expected one that beats, got none`);
    return openCopy({ host: agent.address, port: agent.transferPort, id, secret, signal });
  };
  const serving = new SlotServing({
    agents,
    handOvers: new TableHandOvers(table),
    maps: new TableSlotMaps(table),
    clock,
    log,
    connect,
    host,
  });
  const server = new CopyServer({
    lookup: (id) => serving.incoming.lookup(id),
    onRefused: (why, message) => log.warn('connection-refused', { why, message }),
  });
  // The agent before this one may still have the port: each beat tries again until it is free.
  let listening: Promise<unknown> | undefined;
  const listen = () => {
    listening ??= server.listen(config.transferPort).catch((error: unknown) => {
      listening = undefined;
      log.error('transfer-port-not-open', { port: config.transferPort, error });
    });
  };
  return {
    open: (slice) => serving.open(slice),
    close: (slice) => serving.close(slice),
    beaten: (orders, began, lease) => {
      listen();
      serving.beaten(orders, began, lease);
    },
    noticed: (notice) => serving.noticed(notice),
    handOver: (slice, target) => serving.handOver(slice, target),
    stop: async () => {
      await serving.stop();
      if (listening !== undefined) await server.close();
    },
  };
}
