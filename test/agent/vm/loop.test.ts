import { describe, expect, it } from 'vitest';
import { runVmAgent } from '../../../agent/vm/loop.ts';

/** Sleeps end at once; after so many of them, the signal does. */
function stage(sleeps: number) {
  const ending = new AbortController();
  let left = sleeps;
  const lines: string[] = [];
  const note = (event: string) => void lines.push(event);
  return {
    lines,
    log: { info: note, warn: note, error: note },
    signal: ending.signal,
    clock: {
      sleep: async () => {
        if (left-- <= 0) ending.abort();
      },
    },
  };
}

describe('the loop of the agent of VM shards', () => {
  it('tries to start until it can, and says once what fails and when it works again', async () => {
    const s = stage(20);
    let starts = 0;
    let beats = 0;
    let looks = 0;
    const agent = {
      start: async () => {
        if (++starts < 3) throw new Error('no table');
      },
      beat: async () => {
        if (++beats === 2) throw new Error('no answer');
      },
      look: async () => void looks++,
    };
    await runVmAgent(agent, s.clock, s.log, s.signal);
    expect(starts).toBe(3);
    expect(beats).toBeGreaterThan(3);
    expect(looks).toBeGreaterThan(0);
    expect(s.lines).toEqual(['vm-beat-failed', 'vm-beat-again', 'vm-beat-failed', 'vm-beat-again']);
  });
});
