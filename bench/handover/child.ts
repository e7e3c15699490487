import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Peer } from '../../test/hosts/control/peer.ts';
import type { NetworkNamespace } from '../../test/hosts/rig/network.ts';
import { end, owned } from '../../test/hosts/rig/processes.ts';

/** A process of the bench in one of its namespaces, and what it offers. */
export interface Child<T extends object> {
  readonly calls: T;
  end(): Promise<void>;
}

interface Start {
  /** What the module may call here. */
  readonly offered?: Readonly<Record<string, object>>;
  /** Flags of Node.js. */
  readonly flags?: readonly string[];
}

/** Starts a module of this folder there. */
export async function startChild<T extends object>(
  where: NetworkNamespace,
  module: string,
  { offered = {}, flags = [] }: Start = {},
): Promise<Child<T>> {
  const file = new URL(module, import.meta.url).pathname;
  const [command, args] = owned(...where.within(process.execPath, [...flags, file]));
  const child: ChildProcess = spawn(command, args, {
    stdio: ['ignore', 2, 2, 'ipc'],
    serialization: 'advanced',
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1' },
  });
  const peer = new Peer(child, offered);
  child.once('exit', (code, signal) => peer.lose(`${module} has ended: ${code ?? signal}`));
  await new Promise<void>((settle, fail) => {
    child.once('message', () => settle());
    child.once('exit', (code) => fail(new Error(`${module}: ended with ${code}`)));
  });
  return { calls: peer.remote<T>('offered'), end: () => end(child) };
}

/** The module's side: offers these, and says that it is there. @returns what the bench offers */
export function offer(offered: object): Peer {
  const peer = new Peer(process, { offered });
  process.once('disconnect', () => process.exit());
  process.send?.({ id: -1, value: undefined });
  return peer;
}

/** Flags of the agent's Node.js, as its unit has them. */
export function agentFlags(): readonly string[] {
  const unit = new URL('../../agent/install/foreshard-agent.service', import.meta.url);
  const [, command] = /^ExecStart=(.*)$/m.exec(readFileSync(unit, 'utf8')) ?? [];
  return (command ?? '').split(' ').filter((word) => word.startsWith('--'));
}
