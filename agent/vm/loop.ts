import type { Seconds } from '../../core/time.ts';
import type { AgentClock } from '../gateway/clock.ts';
import type { Log } from '../log.ts';
import type { VmAgent } from './vm-agent.ts';

/** Between two beats: changes that people ask for are on the machine by then. */
const BEAT: Seconds = 10;
/** Between two looks at the memory. */
const LOOK: Seconds = 2;

/**
 * Runs {@link VmAgent} until the signal ends it. What fails is said once, and tried again.
 * @param agent `start` is called here
 */
export async function runVmAgent(
  agent: Pick<VmAgent, 'start' | 'beat' | 'look'>,
  clock: Pick<AgentClock, 'sleep'>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let started = false;
  const beat = async () => {
    if (!started) await agent.start();
    started = true;
    await agent.beat();
  };
  const look = async () => {
    if (started) await agent.look();
  };
  await Promise.all([
    every(BEAT, 'vm-beat', beat, { clock, log, signal }),
    every(LOOK, 'vm-look', look, { clock, log, signal }),
  ]);
}

interface Every {
  readonly clock: Pick<AgentClock, 'sleep'>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

async function every(
  seconds: Seconds,
  what: string,
  work: () => Promise<void>,
  { clock, log, signal }: Every,
): Promise<void> {
  let failing = false;
  while (!signal.aborted) {
    try {
      await work();
      if (failing) log.info(`${what}-again`);
      failing = false;
    } catch (error) {
      if (!failing) log.error(`${what}-failed`, { error });
      failing = true;
    }
    try {
      await clock.sleep(seconds, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
