import type { ChildProcess } from 'node:child_process';

type Message =
  | { readonly id: number; readonly call: string; readonly args: readonly unknown[] }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

type Channel = Pick<ChildProcess, 'send' | 'on'> | NodeJS.Process;

/**
 * Calls between two processes over Node's own channel, both ways: `store.get` is the method `get` of what the other side
 * offers as `store`. Errors come back as errors with their message.
 */
export class Peer {
  readonly #channel: Channel;
  readonly #offered: Readonly<Record<string, object>>;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #next = 0;

  constructor(channel: Channel, offered: Readonly<Record<string, object>>) {
    this.#channel = channel;
    this.#offered = offered;
    (channel as NodeJS.EventEmitter).on('message', (message: Message) => void this.#take(message));
  }

  /** What the other side offers under this name; all of its methods answer with promises. */
  remote<T extends object>(name: string): T {
    const method = (_: unknown, key: string | symbol) =>
      typeof key === 'symbol' || key === 'then'
        ? undefined
        : (...args: readonly unknown[]) => this.#call(`${name}.${key}`, args);
    return new Proxy({}, { get: method }) as T;
  }

  /** The other side has ended: nobody will answer any more. */
  lose(why: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }

  #call(call: string, args: readonly unknown[]): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ id, call, args });
    });
  }

  async #take(message: Message): Promise<void> {
    const { id } = message;
    if ('call' in message) {
      const [name = '', method = ''] = message.call.split('.');
      try {
        const offered = this.#offered[name] as Record<string, (...args: unknown[]) => unknown> | undefined;
        if (typeof offered?.[method] !== 'function') throw new TypeError(`${message.call} is not offered`);
        this.#send({ id, value: await offered[method](...message.args) });
      } catch (error) {
        this.#send({ id, error: `${message.call}: ${(error as Error).stack}` });
      }
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if ('error' in message) waiting?.reject(new Error(message.error));
    else waiting?.resolve(message.value);
  }

  #send(message: Message): void {
    (this.#channel as ChildProcess).send(message);
  }
}
