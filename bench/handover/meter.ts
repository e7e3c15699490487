import { readFileSync } from 'node:fs';
import { offer } from './child.ts';

/** Looks at what goes through the cable out of the host that it runs on. */
const EVERY_MS = 20;

/** When (ms since the epoch), and bytes since the host is there. */
export type Sample = readonly [at: number, bytes: number];

const samples: Sample[] = [];

function look(): void {
  const [, counts = ''] = /^\s*cable:(.*)$/m.exec(readFileSync('/proc/self/net/dev', 'utf8')) ?? [];
  // Eight of what was received come first.
  const sent = Number(counts.trim().split(/\s+/)[8]);
  if (!Number.isFinite(sent)) throw new Error(`cable: expected bytes sent in /proc/self/net/dev, got none`);
  samples.push([Date.now(), sent]);
}

const offered = {
  async start(): Promise<void> {
    setInterval(look, EVERY_MS);
  },
  async samples(): Promise<readonly Sample[]> {
    return samples;
  },
};
export type MeterCalls = typeof offered;
offer(offered);
