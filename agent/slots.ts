import { handOverPorts } from '../adapters/aws/hand-over/ports.ts';
import type { Table } from '../adapters/aws/table.ts';
import { type HandOver, secretOf } from '../core/hand-over/record.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import type { AgentClock } from './gateway/clock.ts';
import { HopWatch } from './hop-watch.ts';
import type { Log } from './log.ts';
import type { Host, Serving } from './serving.ts';
import { SlotServing } from './session/serving.ts';
import { type Copy, CopyError, CopyServer, type HopStore, openCopy, openHop } from './transfer/index.ts';

export interface SlotsParts {
  readonly host: Host;
  readonly table: Table;
  readonly transferPort: number;
  /** Where state hops that agents cannot bring each other; none where there is no bucket. */
  readonly hop: HopStore | undefined;
  readonly clock: AgentClock;
  readonly log: Log;
}

/** Gateways, slots and hand-overs of an instance, wired to the table, to other agents and to the store between them. */
export interface Slots extends Serving {
  /** Other agents may bring state from now on. @throws when the port is taken */
  listen(): Promise<void>;
}

export function slotsOf({ host, table, transferPort, hop, clock, log }: SlotsParts): Slots {
  const { slots: maps, agents, handOvers } = handOverPorts(table);
  const connect = async (handOver: HandOver, signal: AbortSignal): Promise<Copy> => {
    const { id, target } = handOver;
    const secret = secretOf(handOver);
    const { instance } = parseSliceId(target);
    const agent = await agents.get(instance);
    try {
      if (agent === undefined)
        throw new CopyError('unreachable', `${instance}: no agent has ever been heard of`);
      return await openCopy({ host: agent.address, port: agent.transferPort, id, secret, signal });
    } catch (error) {
      if (hop === undefined || !(error instanceof CopyError) || error.code !== 'unreachable') throw error;
      log.warn('state-hops', { id, error });
      const onLeft = (left: CopyError) => log.warn('hop-left', { id, error: left });
      return openHop({ store: hop, id, secret, now: clock.now() * 1000, onLeft });
    }
  };
  const serving = new SlotServing({
    agents,
    handOvers,
    maps,
    clock,
    log,
    connect,
    host,
  });
  const hops =
    hop &&
    new HopWatch({
      store: hop,
      handOvers,
      lookup: (id) => serving.incoming.lookup(id),
      clock,
      log,
    });
  const server = new CopyServer({
    lookup: (id) => serving.incoming.lookup(id),
    // Not before it has proved to be the source: a stranger's knock would keep the hop from being looked for.
    onCopy: (id) => hops?.arrived(id),
    onRefused: saidNowAndThen(clock, log),
  });
  return {
    open: (slice) => serving.open(slice),
    close: (slice) => serving.close(slice),
    holds: (slice) => serving.holds(slice),
    beaten(orders, began, lease) {
      serving.beaten(orders, began, lease);
      void hops?.look(host.slices());
    },
    saw: (slice, generation) => serving.saw(slice, generation),
    noticed: (notice) => serving.noticed(notice),
    handOver: (slice, target) => serving.handOver(slice, target),
    listen: async () => void (await server.listen(transferPort)),
    async stop() {
      hops?.stop();
      await serving.stop();
      await server.close();
    },
  };
}

/** Between two lines about strangers: they cause as many as they like, and journald drops what comes too fast. */
const QUIET: Seconds = 1;

function saidNowAndThen(clock: Pick<AgentClock, 'monotonic'>, log: Log) {
  let said = Number.NEGATIVE_INFINITY;
  let unsaid = 0;
  return (why: string, message: string) => {
    const now = clock.monotonic();
    if (now - said < QUIET) {
      unsaid += 1;
      return;
    }
    log.warn('stranger', { why, message, unsaid });
    said = now;
    unsaid = 0;
  };
}
