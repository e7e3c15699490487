import type { Seconds } from '../../core/time.ts';
import { awsError } from './errors.ts';

/**
 * Token buckets of the account, per region.
 *
 * - ELB: all `Describe*` together 40, refilled by 10 a second (elasticloadbalancing/latest/userguide/elb-api-throttling).
 * - EC2: per action; reading 100 and 20 a second, changing 50 and 5 a second (ec2/latest/devguide/ec2-api-throttling).
 * - Step Functions: StartExecution 1,300 and 300 a second, as in us-east-1 (step-functions/latest/dg/service-quotas).
 * - Auto Scaling: one bucket for all calls; its size is not documented. *Assumed*: 100 and 20 a second.
 * - SSM, and what changes at ELB: not documented, no bucket here.
 */
interface Bucket {
  readonly size: number;
  readonly perSecond: number;
  readonly error: string;
}

const ELB_READ: Bucket = { size: 40, perSecond: 10, error: 'ThrottlingException' };
const EC2_READ: Bucket = { size: 100, perSecond: 20, error: 'RequestLimitExceeded' };
const EC2_CHANGE: Bucket = { size: 50, perSecond: 5, error: 'RequestLimitExceeded' };
const START: Bucket = { size: 1300, perSecond: 300, error: 'ThrottlingException' };
const AUTO_SCALING: Bucket = { size: 100, perSecond: 20, error: 'ThrottlingException' };

export type Service = 'auto-scaling' | 'ec2' | 'elb' | 'ssm' | 'sfn';

/** The bucket of a call, and its key. */
function bucketOf(service: Service, action: string): readonly [string, Bucket] | undefined {
  const reads = action.startsWith('Describe');
  if (service === 'elb') return reads ? ['elb', ELB_READ] : undefined;
  if (service === 'ec2') return [action, reads ? EC2_READ : EC2_CHANGE];
  if (service === 'auto-scaling') return ['auto-scaling', AUTO_SCALING];
  return action === 'StartExecution' ? ['sfn', START] : undefined;
}

export class Buckets {
  readonly #left = new Map<string, { tokens: number; at: Seconds }>();

  /** Takes a token. @throws the service's throttling error when there is none. */
  take(service: Service, action: string, now: Seconds): void {
    const found = bucketOf(service, action);
    if (found === undefined) return;
    const [key, { size, perSecond, error }] = found;
    const { tokens, at } = this.#left.get(key) ?? { tokens: size, at: now };
    const filled = Math.min(size, tokens + (now - at) * perSecond);
    if (filled < 1) {
      this.#left.set(key, { tokens: filled, at: now });
      throw awsError(error, 'Rate exceeded');
    }
    this.#left.set(key, { tokens: filled - 1, at: now });
  }
}
