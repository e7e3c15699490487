import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Seconds } from '../../core/time.ts';
import { answerSchema, type ControlRequest } from './protocol.ts';

/** Between two tries to reach an agent that is just starting (ms). */
const AGAIN = 250;

/**
 * Asks the agent of this host.
 * @param patience seconds for which an agent is waited for that does not answer yet
 * @returns what it says
 * @throws {Error} with its message, or that no agent runs
 */
export async function ask(path: string, request: ControlRequest, patience: Seconds = 0): Promise<string> {
  const until = performance.now() + patience * 1000;
  for (;;) {
    const said = await once(path, request);
    if (said !== undefined) return said;
    if (performance.now() >= until)
      throw new Error(`${path}: no agent answers; systemctl status foreshard-agent says why`);
    await sleep(AGAIN);
  }
}

/** Undefined: no agent runs. */
async function once(path: string, request: ControlRequest): Promise<string | undefined> {
  const socket = connect(path);
  socket.write(`${JSON.stringify(request)}\n`);
  let said: string;
  try {
    said = await text(socket);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw error;
  }
  if (said === '') throw new Error(`${path}: the agent ended before it answered`);
  const answer = answerSchema.parse(JSON.parse(said));
  if (!answer.ok) throw new Error(answer.error);
  return answer.output;
}
