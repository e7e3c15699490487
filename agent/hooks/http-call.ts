import { type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { firstLine, HookError } from './error.ts';

/** One request to a hook. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly stream?: Readable;
  readonly signal?: AbortSignal | undefined;
  /** Until the answer's head, counted from the last byte that was sent (s). */
  readonly timeout: number;
}

/** What is read of an answer that is no stream. */
const MOST_ANSWER = 1024 * 1024;

/**
 * One request on a connection of its own: on the same host that is a tenth of a millisecond, and no connection that
 * the application has closed meanwhile fails a hook.
 * @returns the answer, which says 2xx, its body not yet read.
 * @throws {HookError} on anything else; what the signal says when it ends it.
 */
export async function call(wanted: HttpCall): Promise<IncomingMessage> {
  const answer = await exchange(wanted);
  const { statusCode = 0 } = answer;
  if (statusCode >= 200 && statusCode < 300) return answer;
  // Nobody reads the rest of it.
  wanted.stream?.destroy();
  const said = await bodyOf(answer, wanted);
  throw new HookError(`${nameOf(wanted)}: expected 2xx, got ${statusCode}: ${firstLine(said)}`, {
    missing: statusCode === 404,
  });
}

export const nameOf = ({ method, url }: Pick<HttpCall, 'method' | 'url'>) => `${method} ${url}`;

function exchange(wanted: HttpCall): Promise<IncomingMessage> {
  const { method, url, body, stream, signal, timeout } = wanted;
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method,
      agent: false,
      headers: {
        ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
        ...(stream && { 'content-type': 'application/octet-stream' }),
      },
      ...(signal && { signal }),
    });
    let written = 0;
    let last = performance.now();
    const clock = setInterval(
      () => {
        const now = sent.socket?.bytesWritten ?? 0;
        if (now > written) last = performance.now();
        written = now;
        if (performance.now() - last > timeout * 1000)
          sent.destroy(new HookError(`${nameOf(wanted)}: no answer after ${timeout} s`));
      },
      Math.min(500, timeout * 250),
    );
    sent.on('response', (answer) => {
      clearInterval(clock);
      const early = stream !== undefined && !sent.writableEnded && answer.statusCode! < 300;
      if (early) sent.destroy(new HookError(`${nameOf(wanted)}: expected an answer after the last byte`));
      else resolve(answer);
    });
    // What is sent may fail, too; that is then the cause.
    let source: Error | undefined;
    stream?.once('error', (error) => {
      source ??= error;
    });
    sent.on('error', (error) => {
      clearInterval(clock);
      const own = error instanceof HookError || signal?.aborted === true;
      reject(source ?? (own ? error : new HookError(`${nameOf(wanted)}: ${error.message}`)));
    });
    if (stream === undefined) sent.end(payload);
    // Its failure is the request's, and the other way round.
    else pipeline(stream, sent).catch((error) => sent.destroy(error));
  });
}

/** The whole body of an answer that is no stream. */
export async function bodyOf(answer: IncomingMessage, wanted: HttpCall): Promise<string> {
  const fail = (why: string) => new HookError(`${nameOf(wanted)}: ${why}`);
  const timer = setTimeout(
    () => answer.destroy(fail(`the answer did not end within ${wanted.timeout} s`)),
    wanted.timeout * 1000,
  );
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MOST_ANSWER) throw fail(`expected an answer of at most ${MOST_ANSWER} bytes, got more`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof HookError ? error : fail((error as Error).message);
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Ends an answer of which nothing comes any more while somebody waits for it. */
export function watchStall(answer: IncomingMessage, wanted: HttpCall, seconds: number): void {
  const { socket } = answer;
  socket.setTimeout(seconds * 1000, () => {
    // What is buffered here waits for its reader, not for the application.
    if (answer.readableLength === 0)
      answer.destroy(new HookError(`${nameOf(wanted)}: no byte for ${seconds} s`));
  });
}
