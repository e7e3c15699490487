import * as z from 'zod';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import { finishEvacuation } from '../../flows/interruption.ts';
import { lambda } from '../lib/handler.ts';
import { clock, eventsOf } from '../lib/wiring.ts';

const schema = z.object({
  cause: z.string().optional(),
  instance: z.string().min(1).optional(),
  slices: z.array(z.object({ slice: z.string(), outcome: z.enum(['out', 'late', 'kept']) })),
});

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'events'>;
}

/** Says what came of an evacuation. */
export const handler = lambda(
  'finish-evacuation',
  schema,
  (env): Parts => ({ ports: { clock, events: eventsOf(env) } }),
  async ({ cause, instance, slices }, { parts }) => {
    const those = (outcome: string) =>
      slices.filter((one) => one.outcome === outcome).map(({ slice }) => slice);
    const result = { left: those('out'), late: those('late'), kept: those('kept') };
    await finishEvacuation(unwiredPorts(parts.ports), { cause, instance }, result);
    return { outcome: 'evacuated', ...result } as const;
  },
  { ids: ({ instance }) => ({ instance }) },
);
