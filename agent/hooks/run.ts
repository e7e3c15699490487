import { type ChildProcess, spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { firstLine, HookError } from './error.ts';

export interface HookRun {
  /** Absolute path of the executable. */
  readonly file: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: Readable;
  readonly signal?: AbortSignal | undefined;
  /** Until it has ended, counted from the last byte that it took (s). */
  readonly timeout: number;
}

export interface HookOutput {
  readonly stdout: string;
}

/** What is kept of what a hook says, per stream. */
const MOST_TEXT = 64 * 1024;

export const nameOfRun = ({ file, args }: Pick<HookRun, 'file' | 'args'>) => [file, ...args].join(' ');

/** Whether there is such an executable. */
export async function executable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a hook in a process group of its own, so that what it started ends with it.
 * @param extra one more pipe, as fd 3
 */
export function start(run: HookRun, extra: boolean): ChildProcess {
  return spawn(run.file, run.args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', ...(extra ? (['pipe'] as const) : [])],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...run.environment },
  });
}

/** Ends the hook and all that it started. */
export function end(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // It has just ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Runs a hook to its end.
 * @throws {HookError} with its exit code and the first line of its stderr
 */
export async function runHook(run: HookRun): Promise<HookOutput> {
  run.signal?.throwIfAborted();
  const child = start(run, false);
  let last = performance.now();
  let written = 0;
  const late = () => performance.now() - last >= run.timeout * 1000;
  const clock = setInterval(
    () => {
      // A socket's; the type knows streams in general.
      const { bytesWritten } = child.stdin as unknown as { readonly bytesWritten: number };
      if (bytesWritten > written) last = performance.now();
      written = bytesWritten;
      if (late()) end(child);
    },
    Math.min(500, run.timeout * 250),
  );
  const stop = () => end(child);
  run.signal?.addEventListener('abort', stop, { once: true });
  try {
    const [ended, stdout, stderr] = await Promise.all([
      endOf(child),
      kept(child.stdout!),
      kept(child.stderr!),
      feed(child, run.input),
    ]);
    run.signal?.throwIfAborted();
    if (ended === 0) return { stdout };
    const how = late() ? `not over after ${run.timeout} s` : `expected exit code 0, got ${ended}`;
    throw new HookError(`${nameOfRun(run)}: ${how}: ${firstLine(stderr)}`);
  } finally {
    clearInterval(clock);
    run.signal?.removeEventListener('abort', stop);
    end(child);
  }
}

/** Exit code, or the signal that ended it. */
export function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new HookError(error.message)));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'nothing'));
  });
}

/** What it says, without ever holding more than the start of it. */
export async function kept(stream: Readable): Promise<string> {
  let said = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream as AsyncIterable<string>)
    if (said.length < MOST_TEXT) said += chunk.slice(0, MOST_TEXT - said.length);
  return said;
}

async function feed(child: ChildProcess, input: Readable | undefined): Promise<void> {
  const { stdin } = child;
  if (input === undefined) {
    stdin!.on('error', () => {});
    stdin!.end();
    return;
  }
  try {
    await pipeline(input, stdin!);
  } catch (error) {
    // A hook that ends before it has read everything says why by its exit code.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') {
      end(child);
      throw error;
    }
  }
}
