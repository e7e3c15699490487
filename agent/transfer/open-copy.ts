import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Channel, TIMING, type Timing } from './channel.ts';
import { type Connection, type Dial, dial } from './dial.ts';
import { CopyError } from './errors.ts';
import { Flow } from './flow.ts';
import { tagKey } from './keys.ts';
import { MOST_FLOWS } from './knock.ts';
import { Sender, type SenderOptions } from './sender.ts';
import type { Copy } from './types.ts';

export interface OpenCopy extends SenderOptions {
  readonly host: string;
  readonly port: number;
  /** Of the hand-over. */
  readonly id: string;
  readonly secret: Uint8Array;
  /** Connections side by side: one alone is limited to 5 Gbit/s on EC2. @default 2 */
  readonly flows?: number;
  /** For one connection, until the other agent has greeted (ms). @default 5000 */
  readonly timeout?: number;
  readonly timing?: Timing;
  /** Ends the connecting; the copy is ended by its own calls. */
  readonly signal?: AbortSignal;
}

const FLOWS = 2;
const CONNECT = 5000;
/** Between two tries to connect a flow (ms): the first, and the longest. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;

/**
 * Connects to the agent that takes the slots over.
 * @throws {CopyError} `unreachable`, `refused`
 */
export async function openCopy(options: OpenCopy): Promise<Copy> {
  const { host, port, id, secret, flows = FLOWS, timeout = CONNECT, timing = TIMING } = options;
  if (!(flows >= 1 && flows <= MOST_FLOWS))
    throw new CopyError('protocol', `flows: expected 1 to ${MOST_FLOWS}, got ${flows}`);
  const nonce = randomBytes(16);
  const to: Omit<Dial, 'flow'> = { host, port, id, secret, nonce, timeout, fresh: true };
  const first = await dial({ ...to, flow: 0, signal: options.signal });
  const channel = new Channel(timing);
  const copy = new Sender(channel, tagKey(secret, nonce), options);
  const over = new AbortController();
  void channel.closed.then((error) => over.abort(error ?? new CopyError('aborted', 'the copy is closed')));
  for (let flow = 0; flow < flows; flow += 1)
    void keep(channel, { ...to, fresh: false, flow, signal: over.signal }, flow === 0 ? first : undefined);
  return copy;
}

/** Keeps one flow connected for as long as the copy lasts. */
async function keep(channel: Channel, to: Dial, first: Connection | undefined): Promise<void> {
  let connection = first;
  let pause = FIRST_PAUSE;
  while (!to.signal?.aborted) {
    try {
      connection ??= await dial(to);
      const { socket, reader } = connection;
      connection = undefined;
      const lost = channel.attach((events) => new Flow(to.flow, socket, reader, events));
      pause = FIRST_PAUSE;
      await lost;
    } catch (error) {
      // The other end has said that it is of no use; all else may pass, within the channel's patience.
      if (error instanceof CopyError && error.code === 'lost') channel.close(error);
    }
    await sleep(pause, undefined, { signal: to.signal }).catch(() => undefined);
    pause = Math.min(LONGEST_PAUSE, 2 * pause);
  }
}
