import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import type { AppConfig } from '../config.ts';
import type { App, AppStats, Changes } from '../contract.ts';
import { firstLine, HookError } from './error.ts';
import { end, endOf, executable, type HookRun, kept, nameOfRun, runHook, start } from './run.ts';
import { NO_STATS, parseStats } from './stats.ts';

export interface ExecAppParts {
  /** The hooks are files of this folder. */
  readonly folder: string;
  readonly shard: string;
  /** Port of the slice. */
  readonly port: number;
  /** Where the application has to listen while it is activated. */
  readonly listen: number;
  readonly timeouts: AppConfig['timeouts'];
}

/** Longest token (characters); it comes back as an argument. */
const MOST_TOKEN = 1000;

/**
 * Hooks as executables, `<hook> <shard> <port> …`; docs/agent.md lists them. Each may be repeated. `activate`,
 * `deactivate` and `stats` may be absent.
 */
export class ExecApp implements App {
  readonly state = {
    changes: (slot: number, since: string | undefined, signal?: AbortSignal) =>
      this.#changes(slot, since, signal),
    apply: (slot: number, changes: Readable, signal?: AbortSignal) => this.#apply(slot, changes, signal),
    discard: (slot: number, signal?: AbortSignal) => this.#tell('discard', [slot], signal),
  };
  readonly #parts: ExecAppParts;

  constructor(parts: ExecAppParts) {
    this.#parts = parts;
  }

  activate(_shard: string, signal?: AbortSignal): Promise<void> {
    return this.#enter('activate', signal);
  }

  deactivate(_shard: string, signal?: AbortSignal): Promise<void> {
    return this.#enter('deactivate', signal);
  }

  serve(slot: number, epoch: number, signal?: AbortSignal): Promise<void> {
    return this.#tell('serve', [slot, epoch], signal);
  }

  quiesce(slots: readonly number[], signal?: AbortSignal): Promise<void> {
    return this.#tell('quiesce', slots, signal);
  }

  resume(slots: readonly number[], signal?: AbortSignal): Promise<void> {
    return this.#tell('resume', slots, signal);
  }

  release(slot: number, epoch: number, signal?: AbortSignal): Promise<void> {
    return this.#tell('release', [slot, epoch], signal);
  }

  async stats(signal?: AbortSignal): Promise<AppStats> {
    const run = this.#run('stats', [], signal);
    if (!(await executable(run.file))) return NO_STATS;
    return parseStats((await runHook(run)).stdout, nameOfRun(run));
  }

  async #changes(slot: number, since: string | undefined, signal?: AbortSignal): Promise<Changes> {
    const run = this.#run('changes', since === undefined ? [slot] : [slot, since], signal);
    await mustBe(run);
    signal?.throwIfAborted();
    const child = start(run, true);
    const stop = () => end(child);
    signal?.addEventListener('abort', stop, { once: true });
    child.stdin!.end();
    const ended = endOf(child);
    const stderr = kept(child.stderr!);
    const token = await Promise.race([
      firstOf(child.stdio[3] as Readable),
      ended.then(() => undefined),
      after(run.timeout * 1000, undefined, { ref: false }),
    ]);
    if (!token) {
      stop();
      const said = firstLine(await stderr);
      throw new HookError(
        `${nameOfRun(run)}: expected a token on fd 3 within ${run.timeout} s, before the changes, got none: ${said}`,
      );
    }
    const told = { run, stall: this.#parts.timeouts.stall, ended, stderr };
    const stream = Readable.from(read(child, told), { objectMode: false });
    // Also when nobody has ever read of it.
    stream.once('close', () => {
      signal?.removeEventListener('abort', stop);
      stop();
    });
    return { token, stream };
  }

  async #apply(slot: number, input: Readable, signal?: AbortSignal): Promise<void> {
    const run = this.#run('apply', [slot], signal);
    await mustBe(run);
    await runHook({ ...run, input, timeout: this.#parts.timeouts.stall });
  }

  async #enter(hook: 'activate' | 'deactivate', signal?: AbortSignal): Promise<void> {
    const run = { ...this.#run(hook, [], signal), timeout: this.#parts.timeouts.activate };
    if (await executable(run.file)) await runHook(run);
  }

  async #tell(hook: string, args: readonly (string | number)[], signal?: AbortSignal): Promise<void> {
    const run = this.#run(hook, args, signal);
    await mustBe(run);
    await runHook(run);
  }

  #run(hook: string, args: readonly (string | number)[], signal?: AbortSignal): HookRun {
    const { folder, shard, port, listen, timeouts } = this.#parts;
    return {
      file: join(folder, hook),
      args: [shard, port, ...args].map(String),
      environment: { FORESHARD_SHARD: shard, FORESHARD_PORT: String(port), FORESHARD_LISTEN: String(listen) },
      signal,
      timeout: timeouts.call,
    };
  }
}

async function mustBe(run: HookRun): Promise<void> {
  if (!(await executable(run.file)))
    throw new HookError(`${nameOfRun(run)}: expected an executable ${run.file}, got none`, { missing: true });
}

/**
 * What the hook writes, and its end only when it ended well. Only time in
 * which the reader waits for the hook counts as its silence.
 */
async function* read(
  child: ChildProcess,
  {
    run,
    stall,
    ended,
    stderr,
  }: {
    readonly run: HookRun;
    readonly stall: number;
    readonly ended: Promise<number | string>;
    readonly stderr: Promise<string>;
  },
): AsyncGenerator<Buffer> {
  const chunks = (child.stdout as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let silent = false;
  for (;;) {
    const timer = setTimeout(() => {
      silent = true;
      end(child);
    }, stall * 1000);
    const { done, value } = await chunks.next();
    clearTimeout(timer);
    if (done) break;
    yield value;
  }
  const how = await ended;
  run.signal?.throwIfAborted();
  if (silent) throw new HookError(`${nameOfRun(run)}: no byte for ${stall} s`);
  if (how !== 0)
    throw new HookError(`${nameOfRun(run)}: expected exit code 0, got ${how}: ${firstLine(await stderr)}`);
}

/** The first line of a pipe; undefined: there is none, or it does not end. */
async function firstOf(pipe: Readable): Promise<string | undefined> {
  let said = '';
  pipe.setEncoding('latin1');
  for await (const chunk of pipe.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    said += chunk;
    const end = said.indexOf('\n');
    if (end >= 0) said = said.slice(0, end);
    if (end >= 0 || said.length > MOST_TOKEN) break;
  }
  return said.length > MOST_TOKEN ? undefined : said.replace(/\r$/, '') || undefined;
}
