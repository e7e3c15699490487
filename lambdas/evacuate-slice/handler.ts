import * as z from 'zod';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import { type Evacuation, evacuateSlice } from '../../flows/interruption.ts';
import { lazyFleetOf } from '../lib/fleet.ts';
import { lambda } from '../lib/handler.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, hostsOf, loadBalancerOf, storeOf } from '../lib/wiring.ts';

const schema = z.object({
  instance: z.string().min(1),
  slice: z.string().min(3),
  /** Epoch seconds. */
  deadline: z.number(),
});

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'loadBalancer' | 'hosts' | 'fleet'>;
}

/** One step to take a slice off an instance that ends. */
export const handler = lambda(
  'evacuate-slice',
  schema,
  (env): Parts => ({
    ports: {
      clock,
      store: storeOf(env),
      loadBalancer: loadBalancerOf(env),
      hosts: hostsOf(env),
      fleet: lazyFleetOf(env, settingsOf(env)),
    },
  }),
  async (input, { parts }): Promise<{ readonly outcome: Evacuation }> => ({
    outcome: await evacuateSlice(unwiredPorts(parts.ports), input),
  }),
  { ids: ({ slice }) => ({ slice }) },
);
