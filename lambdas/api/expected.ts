import { ApiProblem } from '../../core/api/problem.ts';
import { IllegalTransition } from '../../core/shards/placement.ts';
import { VmChanged, VmRefused, VmUnknown } from '../../core/vm/refused.ts';

/** Errors of the domain as answers; undefined: nobody expected this one. */
export function asProblem(error: unknown): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error;
  if (error instanceof VmRefused) {
    const errors = error.problems.map((one) => ({ ...one, field: inBody(one.field) }));
    return new ApiProblem('refused', error.message, errors);
  }
  if (error instanceof VmUnknown) return new ApiProblem('not-found', error.message);
  if (error instanceof VmChanged || error instanceof IllegalTransition)
    return new ApiProblem('conflict', error.message);
  return undefined;
}

/** The domain calls the list `shards` and a single one `shard`. */
const inBody = (field: string) =>
  field.startsWith('shards') ? `body.shardConfig${field.slice(6)}` : `body.${field.replace(/^shard\./, '')}`;
