import type { AgentState } from '../../core/hand-over/agents.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import { World } from '../../test/agent/session/world.ts';
import { CountingTable } from './counting-table.ts';
import { Usage } from './usage.ts';

export interface AgentCosts {
  /** A minute of one instance's agent: its beats, and its looks at who holds the slots. */
  readonly perMinute: Usage;
  /** What both agents write and read more when one slice hands its state over. */
  readonly perHandOver: Usage;
}

/** Minutes of agents that are counted while nothing happens. */
const QUIET = 30;
/** Seconds that a hand-over's copy is under way: 1 GiB at 0.78 Gbit/s. */
const COPY: Seconds = 15;
/** Slots of an instance. */
export const SLOTS = 2;

/**
 * Two agents' own work, in virtual time, over the table that counts: beats and looks while nothing happens, then a notice
 * and the hand-over. The copy is of a few bytes, so its progress, written and read each second, is added.
 */
export async function agentCosts(): Promise<AgentCosts> {
  const world = new World(SLOTS);
  const counting = {
    clock: { now: () => world.clock.now(), sleepUntil: async () => undefined },
    latency: 0,
    usage: new Usage(),
  };
  const counted = new CountingTable(counting);
  for (const call of ['get', 'query', 'put', 'update', 'delete'] as const)
    Object.assign(world.table, { [call]: counted[call].bind(counted) });
  const take = (): Usage => {
    const { usage } = counting;
    counting.usage = new Usage();
    return usage;
  };
  try {
    const source = await world.host('i-0f00000000000001');
    const target = await world.host('i-0f00000000000002', { active: false });
    await world.give(
      source,
      Array.from({ length: SLOTS }, (_, slot) => slot),
    );
    await world.pass(2 * MINUTE);
    take();
    await world.pass(QUIET * MINUTE);
    // The one that serves looks at its slots, the other one, which is not counted, beats only.
    const both = take().times(1 / QUIET);
    const beats = new Usage();
    beats.add('writeUnits', MINUTE / BEAT);
    const perMinute = both.plus(beats.times(-1));

    await world.agents.order(source.slice, { reserve: target.slice });
    await world.pass(MINUTE);
    take();
    const at = world.clock.now();
    world.notice(source, { noticeAt: at, deadline: at + 110 });
    const isDone = async () => (await world.handOvers.get(source.slice))?.phase === 'done';
    let looks = 0;
    const look = () => {
      looks++;
      return isDone();
    };
    if (!(await world.until(look, COPY)))
      throw new Error('hand-over of the bench: expected done, got another end');
    const perHandOver = take();
    perHandOver.add('readUnits', -looks);
    const seconds = COPY - (world.clock.now() - at);
    perHandOver.add('readUnits', 2 * seconds);
    perHandOver.add('writeUnits', seconds);
    return { perMinute, perHandOver };
  } finally {
    await world.close();
  }
}

/** Three for a lease of 30 s. */
const BEAT: Seconds = 10;

/** What an agent of one slice says, with all that a service may measure. */
export const beatOf = (id: string, shard: string, at: Seconds): AgentState => ({
  instance: id,
  bootId: '5c9c52a3-36a9-4a4e-9f57-0c9d2b9e6c11',
  address: '10.0.131.207',
  transferPort: 7946,
  at,
  leaseUntil: at + 3 * BEAT,
  slices: [
    {
      slice: `${id}:8080`,
      shard,
      port: 7947,
      stateBytes: 1_073_741_824,
      dirtyBytesPerSecond: 10_737_418,
      metrics: { cpu: 0.512, memory: 0.634, io: 1_250_000, inFlight: 14, sessions: 2311 },
    },
  ],
});
