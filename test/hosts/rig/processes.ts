import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** What a command said, whatever its exit code. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function tried(command: string, args: readonly string[], input?: string): Promise<Said> {
  const running = exec(command, [...args], { maxBuffer: 64 << 20, timeout: 600_000 });
  running.child.stdin?.end(input);
  try {
    return { code: 0, ...(await running) };
  } catch (error) {
    const { code, stdout = '', stderr = '', message } = error as Partial<Said> & Error;
    return { code: typeof code === 'number' ? code : -1, stdout, stderr: stderr || message };
  }
}

/** @throws {Error} with the command and what it said on standard error when it does not end with 0. */
export async function run(command: string, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await tried(command, args, input);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${code}: ${stderr.slice(-2000)}`);
  return stdout;
}

/** The command as one that ends when this process does, however it ends: the kernel sends it SIGKILL. */
export const owned = (command: string, args: readonly string[]): [string, string[]] => [
  'setpriv',
  ['--pdeathsig', 'KILL', '--', command, ...args],
];

/** Starts a command that ends with this process; its output goes to `log`. */
export function launch(
  [command, args]: readonly [string, readonly string[]],
  { log, ...options }: { readonly log?: string } & Pick<SpawnOptions, 'env' | 'cwd'> = {},
): ChildProcess {
  const output = log === undefined ? ('ignore' as const) : ('pipe' as const);
  const child = spawn(...owned(command, args), { stdio: ['ignore', output, output], ...options });
  if (log !== undefined) {
    const file = createWriteStream(log, { flags: 'a' });
    child.stdout?.pipe(file, { end: false });
    child.stderr?.pipe(file, { end: false });
  }
  return child;
}

export const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** Resolves when the process has ended. */
export function ended(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return Promise.resolve();
  return new Promise((done) => child.once('exit', () => done()));
}

/** Ends the process and waits for that. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (!hasEnded(child)) child.kill(signal);
  await ended(child);
}

/**
 * Asks again and again until there is an answer.
 * @param within milliseconds
 * @throws {Error} naming what was waited for and the last error.
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  within = 60_000,
  pause = 200,
): Promise<T> {
  const by = performance.now() + within;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > by)
      throw new Error(`${what}: not within ${within / 1000} s`, last === undefined ? {} : { cause: last });
    await new Promise((go) => setTimeout(go, pause));
  }
}
