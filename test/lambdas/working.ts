import type { FunctionName } from '../../lambdas/environment.ts';
import type { Working } from '../../lambdas/lib/handler.ts';

/** What a handler's work gets besides its event: `parts`, a silent logger, and time. */
export function working<F extends FunctionName, P>(
  parts: P,
  { now = 0, remaining = 60_000, env = {} } = {},
): Working<F, P> {
  const silent = () => undefined;
  return {
    env: { SERVICE: 'shop', TABLE: 't', BUCKET: 'b', ...env },
    parts,
    logger: { info: silent, warn: silent, error: silent },
    metrics: { addMetric: silent },
    now: () => now,
    remaining: () => remaining,
  } as unknown as Working<F, P>;
}
