import type { Catcher, Retrier } from './definition.ts';

/** An error as a machine sees it. */
export class StateError extends Error {
  readonly error: string;
  override readonly cause: string;
  constructor(error: string, cause: string) {
    super(`${error}: ${cause}`);
    this.name = error;
    this.error = error;
    this.cause = cause;
  }
}

/** What a task threw; a Lambda's error keeps its own name. */
export function stateError(thrown: unknown): StateError {
  if (thrown instanceof StateError) return thrown;
  return thrown instanceof Error
    ? new StateError(thrown.name, thrown.message)
    : new StateError('Error', String(thrown));
}

/** A wrong path or too much data is the machine's own fault: nothing catches it. */
const UNCATCHABLE = ['States.Runtime', 'States.DataLimitExceeded'];

export function matches(names: readonly string[], error: string): boolean {
  if (names.includes(error)) return true;
  if (UNCATCHABLE.includes(error)) return false;
  if (names.includes('States.ALL')) return true;
  return names.includes('States.TaskFailed') && error !== 'States.Timeout';
}

export const catcherOf = (catchers: readonly Catcher[] | undefined, error: string) =>
  catchers?.find(({ ErrorEquals }) => matches(ErrorEquals, error));

export const retrierOf = (retriers: readonly Retrier[] | undefined, error: string) =>
  retriers?.findIndex(({ ErrorEquals }) => matches(ErrorEquals, error)) ?? -1;

/** Seconds before the `attempt`-th retry (from 1), jitter at its longest; undefined when there is none. */
export function retryDelay(retrier: Retrier, attempt: number): number | undefined {
  const { IntervalSeconds = 1, MaxAttempts = 3, BackoffRate = 2, MaxDelaySeconds = Infinity } = retrier;
  if (attempt > MaxAttempts) return undefined;
  return Math.min(IntervalSeconds * BackoffRate ** (attempt - 1), MaxDelaySeconds);
}

/** Seconds that all retries of a retrier wait at most. */
export function retryBudget(retrier: Retrier): number {
  let sum = 0;
  for (let attempt = 1; ; attempt++) {
    const delay = retryDelay(retrier, attempt);
    if (delay === undefined) return sum;
    sum += delay;
  }
}
