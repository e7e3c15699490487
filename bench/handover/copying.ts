import { randomBytes, randomUUID } from 'node:crypto';
import type { AgentCalls } from './agent.ts';
import type { AppCalls } from './app.ts';
import { agentFlags, startChild } from './child.ts';
import { type Place, TARGET } from './link.ts';
import type { RawCalls } from './raw.ts';
import { rsync } from './rsync.ts';

export interface Copied {
  /** Bytes of state per second. */
  readonly copy: number;
  readonly raw: number;
  /** Undefined: there is no rsync. */
  readonly rsync: number | undefined;
  /** Larger of the two agents (bytes). */
  readonly peak: number;
}

/**
 * One copy of a state of random bytes that does not change, from application to application, encrypted and verified; and
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
    const id = `bench@${randomUUID()}`;
    const secret = randomBytes(32);
    const [appPort, reservePort] = await Promise.all([
      app.calls.start('old', 0),
      reserve.calls.start('new', 0),
    ]);
    await Promise.all([app.calls.fill(bytes, 0, true), reserve.calls.fill(bytes, 0, false)]);
    const port = await to.calls.expect(id, secret, reservePort);
    await Promise.all([from.calls.resetPeak(), to.calls.resetPeak()]);
    const seconds = await from.calls.copy(TARGET, port, id, secret, appPort);
    const peak = Math.max(await from.calls.peak(), await to.calls.peak());
    const [there, here] = await Promise.all([app.calls.digest(), reserve.calls.digest()]);
    if (there !== here) throw new Error(`copy of ${bytes} bytes: expected ${there}, got ${here}`);
    const after = await raw();
    const peer = await rsync(place, bytes);
    return {
      copy: bytes / seconds,
      // The better of the two.
      raw: bytes / Math.min(before, after),
      rsync: peer && bytes / peer,
      peak,
    };
  } finally {
    await Promise.all([from, to, app, reserve, sender, receiver].map((child) => child.end()));
  }
}
