import * as z from 'zod';
import type { Balancer } from '../../core/routes/seen.ts';

const schema = z
  .array(z.object({ listener: z.string().min(1), loadBalancer: z.string().min(1), dns: z.string().min(1) }))
  .min(1);

/** Variable `LISTENERS`. @throws {RangeError} when it is not what `lambdas/environment.ts` says */
export function balancersOf(text: string): readonly Balancer[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const result = schema.safeParse(value);
  if (!result.success)
    throw new RangeError(
      `LISTENERS: expected a JSON list of {listener, loadBalancer, dns}, got ${text.slice(0, 60)}`,
    );
  return result.data;
}
