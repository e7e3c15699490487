import type { ChildProcess } from 'node:child_process';
import { end, eventually, launch, run } from './processes.ts';

/** Addresses of the test's network; it is in nobody else's namespace, so that two runs do not meet. */
export const addressOf = (n: number) => `10.111.0.${n}`;
export const CONTROL_ADDRESS = addressOf(1);

/** A network namespace, held by a process that does nothing; it is gone when that and all others in it are. */
export class NetworkNamespace {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async make(): Promise<NetworkNamespace> {
    const made = new NetworkNamespace(launch(['unshare', ['-n', 'sleep', 'infinity']]));
    // `unshare` is in the new namespace once it has become `sleep`.
    await eventually('a network namespace', async () =>
      (await run('ps', ['-o', 'comm=', '-p', String(made.pid)])).includes('sleep'),
    );
    await made.ip('link', 'set', 'lo', 'up');
    return made;
  }

  get pid(): number {
    return this.#holder.pid as number;
  }

  /** The command, run in this namespace. */
  within(command: string, args: readonly string[]): [string, string[]] {
    return ['nsenter', [`--net=/proc/${this.pid}/ns/net`, '--', command, ...args]];
  }

  /** @throws {Error} with what `ip` said. */
  ip(...args: readonly string[]): Promise<string> {
    return run(...this.within('ip', args));
  }

  close(): Promise<void> {
    return end(this.#holder);
  }
}

/** The bridge that all are connected to, in the control namespace. */
export async function makeBridge(control: NetworkNamespace): Promise<void> {
  await control.ip('link', 'add', 'bridge', 'type', 'bridge');
  await control.ip('addr', 'add', `${CONTROL_ADDRESS}/24`, 'dev', 'bridge');
  await control.ip('link', 'set', 'bridge', 'up');
}

/** A cable from the namespace's `eth0` to the bridge. */
export async function connect(
  control: NetworkNamespace,
  namespace: NetworkNamespace,
  n: number,
): Promise<void> {
  const port = `port${n}`;
  await control.ip(
    ...['link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(namespace.pid)],
  );
  await control.ip('link', 'set', port, 'master', 'bridge', 'up');
  await namespace.ip('addr', 'add', `${addressOf(n)}/24`, 'dev', 'eth0');
  await namespace.ip('link', 'set', 'eth0', 'up');
}
