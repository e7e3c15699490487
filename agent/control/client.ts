import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { answerSchema, type ControlRequest } from './protocol.ts';

/**
 * Asks the agent of this host.
 * @returns what it says
 * @throws {Error} with its message, or that no agent runs
 */
export async function ask(path: string, request: ControlRequest): Promise<string> {
  const socket = connect(path);
  socket.write(`${JSON.stringify(request)}\n`);
  let said: string;
  try {
    said = await text(socket);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw error;
    throw new Error(`${path}: no agent answers; systemctl status foreshard-agent says why`);
  }
  if (said === '') throw new Error(`${path}: the agent ended before it answered`);
  const answer = answerSchema.parse(JSON.parse(said));
  if (!answer.ok) throw new Error(answer.error);
  return answer.output;
}
