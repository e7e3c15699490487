import * as z from 'zod';
import { Leases } from '../../adapters/aws/leases.ts';
import { type Answer, Waits } from '../../adapters/aws/waits.ts';
import type { LoadBalancer } from '../../core/ports.ts';
import { startOf } from '../lib/async.ts';
import { lambda } from '../lib/handler.ts';
import { loadBalancerOf, tableOf } from '../lib/wiring.ts';

const schema = z.object({
  /** Of the state that waits. Without it: one look, now. */
  token: z.string().min(1).optional(),
  slice: z.string().min(3),
  shard: z.string().min(1),
  wanted: z.enum(['unused', 'healthy']),
  /** Epoch seconds; answered then at the latest. */
  by: z.number(),
});

export interface Parts {
  readonly waits: Pick<Waits, 'add'>;
  readonly leases: Pick<Leases, 'isHeld'>;
  readonly startPoller: () => Promise<void>;
  readonly loadBalancer: Pick<LoadBalancer, 'health'>;
}

/** Notes that a move waits for a target and starts the poller, which answers; or, without a token, looks itself. */
export const handler = lambda(
  'await-target',
  schema,
  (env): Parts => {
    const table = tableOf(env);
    return {
      waits: new Waits(table),
      leases: new Leases(table),
      startPoller: startOf(env.POLL_FUNCTION),
      loadBalancer: loadBalancerOf(env),
    };
  },
  async ({ token, ...wait }, { parts, now }): Promise<Answer | { readonly outcome: 'waits' }> => {
    const { slice, shard, by } = wait;
    if (token === undefined)
      return { state: await parts.loadBalancer.health(shard, slice), late: now() >= by };
    await parts.waits.add({ ...wait, token });
    // One that runs reads the waits again after it has given its lease back, so none is overlooked.
    if (!(await parts.leases.isHeld('poll-targets', now()))) await parts.startPoller();
    return { outcome: 'waits' };
  },
  { ids: ({ slice, shard, wanted }) => ({ slice, shard, wanted }) },
);
