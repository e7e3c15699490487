import type { Seconds } from '../../core/time.ts';
import { awsError } from './errors.ts';

/**
 * Token buckets of the account, per region.
 *
 * - ELB (elasticloadbalancing/latest/userguide/elb-api-throttling): all `Describe*` together 40, refilled by 10 a second;
 *   RegisterTargets and DeregisterTargets 20 and 4; what creates, modifies or deletes 20 and 3; all calls together 40
 *   and 10.
 * - EC2: per action; reading 100 and 20 a second, changing 50 and 5 a second (ec2/latest/devguide/ec2-api-throttling).
 * - Step Functions: StartExecution 1,300 and 300 a second, as in us-east-1 (step-functions/latest/dg/service-quotas).
 * - Auto Scaling: one bucket for all calls; its size is not documented. *Assumed*: 100 and 20 a second.
 * - SSM: not documented, no bucket here.
 */
interface Bucket {
  readonly size: number;
  readonly perSecond: number;
  readonly error: string;
}

const ELB_READ: Bucket = { size: 40, perSecond: 10, error: 'ThrottlingException' };
const ELB_REGISTER: Bucket = { size: 20, perSecond: 4, error: 'ThrottlingException' };
const ELB_CHANGE: Bucket = { size: 20, perSecond: 3, error: 'ThrottlingException' };
const ELB_ALL: Bucket = { size: 40, perSecond: 10, error: 'ThrottlingException' };
const EC2_READ: Bucket = { size: 100, perSecond: 20, error: 'RequestLimitExceeded' };
const EC2_CHANGE: Bucket = { size: 50, perSecond: 5, error: 'RequestLimitExceeded' };
const START: Bucket = { size: 1300, perSecond: 300, error: 'ThrottlingException' };
const AUTO_SCALING: Bucket = { size: 100, perSecond: 20, error: 'ThrottlingException' };

export type Service = 'auto-scaling' | 'ec2' | 'elb' | 'ssm' | 'sfn';

type Keyed = readonly [key: string, bucket: Bucket];

/** The buckets of a call; it takes a token of each. */
function bucketsOf(service: Service, action: string): readonly Keyed[] {
  const reads = action.startsWith('Describe');
  if (service === 'elb') return [['elb', ELB_ALL], elbCategory(action, reads)];
  if (service === 'ec2') return [[action, reads ? EC2_READ : EC2_CHANGE]];
  if (service === 'auto-scaling') return [['auto-scaling', AUTO_SCALING]];
  return action === 'StartExecution' ? [['sfn', START]] : [];
}

function elbCategory(action: string, reads: boolean): Keyed {
  if (reads) return ['elb-read', ELB_READ];
  return action === 'RegisterTargets' || action === 'DeregisterTargets'
    ? ['elb-register', ELB_REGISTER]
    : ['elb-change', ELB_CHANGE];
}

export class Buckets {
  readonly #left = new Map<string, { tokens: number; at: Seconds }>();

  /** Takes a token of each. @throws the service's throttling error when one has none; then none is taken. */
  take(service: Service, action: string, now: Seconds): void {
    const filled = bucketsOf(service, action).map(([key, bucket]) => {
      const { tokens, at } = this.#left.get(key) ?? { tokens: bucket.size, at: now };
      return { key, bucket, tokens: Math.min(bucket.size, tokens + (now - at) * bucket.perSecond) };
    });
    const empty = filled.find(({ tokens }) => tokens < 1);
    const taken = empty === undefined ? 1 : 0;
    for (const { key, tokens } of filled) this.#left.set(key, { tokens: tokens - taken, at: now });
    if (empty !== undefined) throw awsError(empty.bucket.error, 'Rate exceeded');
  }
}
