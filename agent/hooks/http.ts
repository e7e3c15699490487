import type { Readable } from 'node:stream';
import type { AppConfig } from '../config.ts';
import type { App, AppStats, Changes } from '../contract.ts';
import { HookError } from './error.ts';
import { bodyOf, call, type HttpCall, nameOf, watchStall } from './http-call.ts';
import { NO_STATS, parseStats } from './stats.ts';

export interface HttpAppParts {
  /** `http://127.0.0.1:18080/foreshard`; the paths come after it. */
  readonly base: string;
  readonly shard: string;
  /** Where the application has to listen while it is activated. */
  readonly listen: number;
  readonly timeouts: AppConfig['timeouts'];
}

/** Hooks by HTTP; docs/agent.md lists them. Each may be repeated. */
export class HttpApp implements App {
  readonly state = {
    changes: (slot: number, since: string | undefined, signal?: AbortSignal) =>
      this.#changes(slot, since, signal),
    apply: (slot: number, changes: Readable, signal?: AbortSignal) => this.#apply(slot, changes, signal),
    discard: (slot: number, signal?: AbortSignal) =>
      this.#tell({ ...this.#call('DELETE', `slots/${slot}`), signal }),
  };
  readonly #parts: HttpAppParts;

  constructor(parts: HttpAppParts) {
    this.#parts = { ...parts, base: parts.base.replace(/\/$/, '') };
  }

  activate(shard: string, signal?: AbortSignal): Promise<void> {
    return this.#enter('activate', shard, signal);
  }

  deactivate(shard: string, signal?: AbortSignal): Promise<void> {
    return this.#enter('deactivate', shard, signal);
  }

  serve(slot: number, epoch: number, signal?: AbortSignal): Promise<void> {
    return this.#post('serve', { slot, epoch }, signal);
  }

  quiesce(slots: readonly number[], signal?: AbortSignal): Promise<void> {
    return this.#post('quiesce', { slots }, signal);
  }

  resume(slots: readonly number[], signal?: AbortSignal): Promise<void> {
    return this.#post('resume', { slots }, signal);
  }

  release(slot: number, epoch: number, signal?: AbortSignal): Promise<void> {
    return this.#post('release', { slot, epoch }, signal);
  }

  async stats(signal?: AbortSignal): Promise<AppStats> {
    const wanted = { ...this.#call('GET', 'stats'), signal };
    try {
      return parseStats(await bodyOf(await call(wanted), wanted), nameOf(wanted));
    } catch (error) {
      if (error instanceof HookError && error.missing) return NO_STATS;
      throw error;
    }
  }

  async #changes(slot: number, since: string | undefined, signal?: AbortSignal): Promise<Changes> {
    const query = since === undefined ? '' : `?since=${encodeURIComponent(since)}`;
    const wanted = { ...this.#call('GET', `slots/${slot}/changes${query}`), signal };
    const stream = await call(wanted);
    const token = stream.headers['foreshard-token'];
    if (typeof token !== 'string' || token === '') {
      stream.destroy();
      throw new HookError(`${nameOf(wanted)}: expected a header foreshard-token, got none`);
    }
    watchStall(stream, wanted, this.#parts.timeouts.stall);
    const length = stream.headers['content-length'];
    return { token, stream, owned: true, ...(length !== undefined && { bytes: Number(length) }) };
  }

  /** The answer comes after the last byte; until then it is a stream that must not stall. */
  #apply(slot: number, stream: Readable, signal?: AbortSignal): Promise<void> {
    const { stall } = this.#parts.timeouts;
    return this.#tell({ ...this.#call('POST', `slots/${slot}/changes`), stream, signal, timeout: stall });
  }

  #enter(path: 'activate' | 'deactivate', shard: string, signal?: AbortSignal): Promise<void> {
    const { listen, timeouts } = this.#parts;
    return this.#tell({
      ...this.#call('POST', path),
      body: { shard, port: listen },
      signal,
      timeout: timeouts.activate,
    });
  }

  #post(path: string, body: object, signal?: AbortSignal): Promise<void> {
    return this.#tell({
      ...this.#call('POST', path),
      body: { shard: this.#parts.shard, ...body },
      signal,
    });
  }

  #call(method: HttpCall['method'], path: string): HttpCall {
    return { method, url: `${this.#parts.base}/${path}`, timeout: this.#parts.timeouts.call };
  }

  async #tell(wanted: HttpCall): Promise<void> {
    await bodyOf(await call(wanted), wanted);
  }
}
