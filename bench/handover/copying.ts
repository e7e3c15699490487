import { randomBytes, randomUUID } from 'node:crypto';
import type { AgentCalls } from './agent.ts';
import type { AppCalls } from './app.ts';
import { agentFlags, startChild } from './child.ts';
import { type Place, TARGET } from './link.ts';
import type { RawCalls } from './raw.ts';
import { rsync } from './rsync.ts';

/** An odd number. */
const COPIES = 3;

export interface Copied {
  /** Bytes of state per second: the median of what a pair of agents does one after the other. */
  readonly copy: number;
  /** The first of them, with code that has never run: a quarter slower. */
  readonly first: number;
  readonly raw: number;
  /** Undefined: there is no rsync. */
  readonly rsync: number | undefined;
  /** Larger of the two agents (bytes). */
  readonly peak: number;
}

/**
 * Copies of a state of random bytes that does not change, from application to application, encrypted and verified; and
 * its peers on the same link just before and after: one raw TCP stream, and rsync's daemon.
 */
export async function measureCopy(place: Place, bytes: number): Promise<Copied> {
  const { source, target } = place;
  const flags = agentFlags();
  const [from, to, app, reserve, sender, receiver] = await Promise.all([
    startChild<AgentCalls>(source, 'agent.ts', { flags }),
    startChild<AgentCalls>(target, 'agent.ts', { flags }),
    startChild<AppCalls>(source, 'app.ts'),
    startChild<AppCalls>(target, 'app.ts'),
    startChild<RawCalls>(source, 'raw.ts'),
    startChild<RawCalls>(target, 'raw.ts'),
  ]);
  try {
    const raw = async () => sender.calls.send(TARGET, await receiver.calls.receive(bytes), bytes);
    const before = await raw();
    const [appPort, reservePort] = await Promise.all([
      app.calls.start('old', 0),
      reserve.calls.start('new', 0),
    ]);
    await Promise.all([from.calls.resetPeak(), to.calls.resetPeak()]);
    const seconds: number[] = [];
    for (let i = 0; i < COPIES; i += 1) {
      await Promise.all([app.calls.fill(bytes, 0, true), reserve.calls.fill(bytes, 0, false)]);
      const id = `bench@${randomUUID()}`;
      const secret = randomBytes(32);
      const port = await to.calls.expect(id, secret, reservePort);
      seconds.push(await from.calls.copy(TARGET, port, id, secret, appPort));
      const [there, here] = await Promise.all([app.calls.digest(), reserve.calls.digest()]);
      if (there !== here) throw new Error(`copy of ${bytes} bytes: expected ${there}, got ${here}`);
    }
    const peak = Math.max(await from.calls.peak(), await to.calls.peak());
    const after = await raw();
    const peer = await rsync(place, bytes);
    return {
      copy: bytes / seconds.toSorted((a, b) => a - b)[(COPIES - 1) / 2]!,
      first: bytes / seconds[0]!,
      // The better of the two.
      raw: bytes / Math.min(before, after),
      rsync: peer && bytes / peer,
      peak,
    };
  } finally {
    await Promise.all([from, to, app, reserve, sender, receiver].map((child) => child.end()));
  }
}
