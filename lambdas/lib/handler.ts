import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import type { z } from 'zod';
import type { Seconds } from '../../core/time.ts';
import { type EnvironmentOf, environmentOf, type FunctionName, type Variables } from '../environment.ts';
import { parseInput } from './input.ts';

/** What a function's work may use besides its event. Tests hand in their own. */
export interface Working<F extends FunctionName, P> {
  readonly env: EnvironmentOf<F>;
  /** What `build` wired. */
  readonly parts: P;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Namespace `Foreshard`, dimension `service`; published when the work is done. */
  readonly metrics: Pick<Metrics, 'addMetric'>;
  readonly now: () => Seconds;
  /** Milliseconds until Lambda ends this invocation. */
  readonly remaining: () => number;
}

export type Work<F extends FunctionName, S extends z.ZodType, P, R> = (
  event: z.output<S>,
  working: Working<F, P>,
) => Promise<R>;

/** Lets an event through once; a duplicate gets the first one's answer. See `once.ts`. */
export type Once<E> = <R>(
  name: FunctionName,
  env: { readonly TABLE: string },
  context: Context,
  event: E,
  work: () => Promise<R>,
) => Promise<R>;

export interface Options<E> {
  /** For event handlers, whose events may come twice: `once: once((event) => event.id)`. */
  readonly once?: Once<E>;
  /** What the log says of an event: ids, never content. Default: nothing. */
  readonly ids?: (event: E) => Readonly<Record<string, unknown>>;
}

/** A Lambda handler that also carries its parts, so that a test or the local world runs the same work without AWS. */
export type Handler<F extends FunctionName, S extends z.ZodType, P, R> = ((
  event: unknown,
  context: Context,
) => Promise<R>) & { readonly work: Work<F, S, P, R>; readonly schema: S };

/**
 * A thin handler: the event parsed with its schema, the environment checked, clients and ports wired once per
 * container, one thing done, one log line written.
 *
 * Each log line is JSON with `service`, `function`, the ids of the event, `ms` and, where the result has one, its
 * `outcome`. What the work throws is logged and thrown on: retrying is the caller's.
 * Gotcha: schemas need `import * as z from 'zod'`; with `import { z }` a bundle grows by 350 KiB of languages.
 * @param build is called at the first event; what it throws is thrown again at the next one.
 */
export function lambda<F extends FunctionName, S extends z.ZodType, P, R>(
  name: F,
  schema: S,
  build: (env: EnvironmentOf<F>) => P,
  work: Work<F, S, P, R>,
  options: Options<z.output<S>> = {},
): Handler<F, S, P, R> {
  let wired: Wired<F, P> | undefined;
  const handle = async (raw: unknown, context: Context): Promise<R> => {
    wired ??= wire(name, build);
    const { env, parts, logger, metrics } = wired;
    logger.addContext(context);
    const began = Date.now();
    const said: Record<string, unknown> = {};
    try {
      const event = parseInput(name, schema, raw);
      Object.assign(said, options.ids?.(event));
      const now = () => Date.now() / 1000;
      const remaining = () => context.getRemainingTimeInMillis();
      const run = () => work(event, { env, parts, logger, metrics, now, remaining });
      const result = await (options.once
        ? options.once(name, env as unknown as Common, context, event, run)
        : run());
      logger.info(name, { ...said, ...outcomeOf(result), ms: Date.now() - began });
      return result;
    } catch (error) {
      logger.error(`${name} failed`, { ...said, ms: Date.now() - began, error: error as Error });
      throw error;
    } finally {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    }
  };
  return Object.assign(handle, { work, schema });
}

/** Every function has these two; the compiler cannot see that of a type parameter. */
type Common = Pick<Variables, 'SERVICE' | 'TABLE'>;

interface Wired<F extends FunctionName, P> {
  readonly env: EnvironmentOf<F>;
  readonly parts: P;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

function wire<F extends FunctionName, P>(name: F, build: (env: EnvironmentOf<F>) => P): Wired<F, P> {
  const env = environmentOf(name);
  const { SERVICE } = env as unknown as Common;
  return {
    env,
    parts: build(env),
    logger: new Logger({ serviceName: SERVICE, persistentKeys: { function: name } }),
    metrics: new Metrics({ namespace: 'Foreshard', serviceName: SERVICE }),
  };
}

function outcomeOf(result: unknown): { readonly outcome?: unknown } {
  return typeof result === 'object' && result !== null && 'outcome' in result
    ? { outcome: result.outcome }
    : {};
}
