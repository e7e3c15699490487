import { MINUTE, type Seconds } from '../time.ts';
import type { Settings } from './schema.ts';

/** CloudWatch goes on counting a minute for so long after its end, usually. */
const CLOUDWATCH: Seconds = MINUTE;

/**
 * Seconds after its end from which a minute of load is taken for complete. Where the settings say nothing
 * (`metrics.delay: 0`) it is what the source is known for: a minute that is read too early is too small, and the fleet
 * would shrink for it.
 */
export function metricLag({ metrics: { delay, source } }: Pick<Settings, 'metrics'>): Seconds {
  if (delay > 0) return delay;
  return source === 'cloudwatch' ? CLOUDWATCH : 0;
}
