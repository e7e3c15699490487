import type { VirtualClock } from '../../backtest/world/clock.ts';
import type { Seconds } from '../../core/time.ts';
import type { Ec2Instance, Ec2Model } from './ec2.ts';
import { awsError } from './errors.ts';

/**
 * Target groups of an ALB (elasticloadbalancing/latest/application/target-group-health-checks,
 * target-group-register-targets, API_TargetHealth):
 * - a registered target is `initial` until its first check, then healthy or `unhealthy`; a new one serves after one
 *   passed check, a healthy one becomes unhealthy after as many failed ones as the threshold says;
 * - a deregistered one is `draining` for the whole deregistration delay, then `unused` (`Target.NotRegistered`);
 * - only a running instance can be registered; a stopped one is `unused` (`Target.InvalidState`) and is checked again
 *   when it starts; one that ends is deregistered;
 * - in a group that no rule uses, targets are `unused` (`Target.NotInUse`), and drain at once.
 *
 * *Assumed*: the first check comes one interval after the registration.
 */
export interface Target {
  readonly id: string;
  readonly port: number;
  state: string;
  reason?: string | undefined;
  /** Rises with each change: what was scheduled before it does not count any more. */
  turn: number;
}

export interface TargetGroup {
  readonly arn: string;
  readonly name: string;
  readonly targets: Map<string, Target>;
  /** What CreateTargetGroup and ModifyTargetGroup said. */
  settings: Record<string, unknown>;
  readonly attributes: Map<string, string>;
  /** Used by a rule or a listener. */
  inUse: boolean;
}

const INTERVAL: Seconds = 5;
const DELAY: Seconds = 300;

export class TargetsModel {
  readonly groups = new Map<string, TargetGroup>();
  readonly #clock: VirtualClock;
  readonly #ec2: Ec2Model;
  readonly #sick = new Set<string>();

  constructor(clock: VirtualClock, ec2: Ec2Model) {
    this.#clock = clock;
    this.#ec2 = ec2;
    ec2.changed.push((instance) => this.#powered(instance));
  }

  /** @throws TargetGroupNotFoundException */
  group(arn: string | undefined): TargetGroup {
    const group = this.groups.get(arn ?? '');
    if (group === undefined)
      throw awsError('TargetGroupNotFoundException', `One or more target groups not found: ${arn}`);
    return group;
  }

  register(group: TargetGroup, id: string, port: number): void {
    const power = this.#ec2.get(id)?.power;
    if (power !== 'running' && power !== 'pending')
      throw awsError('InvalidTargetException', `The following targets are not in a running state: '${id}'`);
    const key = `${id}:${port}`;
    const there = group.targets.get(key);
    if (there !== undefined && there.state !== 'draining') return;
    const target: Target = { id, port, state: 'initial', turn: 0 };
    group.targets.set(key, target);
    this.#check(group, target);
  }

  /** Registered and healthy at once: how a world begins. */
  seed(group: TargetGroup, id: string, port: number): void {
    group.targets.set(`${id}:${port}`, { id, port, state: 'healthy', turn: 0 });
  }

  deregister(group: TargetGroup, id: string, port: number): void {
    const key = `${id}:${port}`;
    const target = group.targets.get(key);
    if (target === undefined || target.state === 'draining') return;
    if (!group.inUse || target.state === 'unused') {
      group.targets.delete(key);
      return;
    }
    this.#to(target, 'draining', 'Target.DeregistrationInProgress');
    const delay = Number(group.attributes.get('deregistration_delay.timeout_seconds') ?? DELAY);
    this.#later(target, delay, () => group.targets.delete(key));
  }

  describe(group: TargetGroup, id: string, port: number): Pick<Target, 'id' | 'port' | 'state' | 'reason'> {
    const target = group.targets.get(`${id}:${port}`);
    if (target === undefined) return { id, port, state: 'unused', reason: 'Target.NotRegistered' };
    if (!group.inUse) return { id, port, state: 'unused', reason: 'Target.NotInUse' };
    return target;
  }

  /** Health checks of the instance fail from now on. */
  sicken(id: string): void {
    this.#sick.add(id);
    this.#each(id, (group, target) => {
      if (target.state === 'healthy') this.#fail(group, target);
    });
  }

  heal(id: string): void {
    this.#sick.delete(id);
    this.#each(id, (group, target) => {
      if (target.state === 'unhealthy') this.#check(group, target);
    });
  }

  #powered({ id, power }: Ec2Instance): void {
    this.#each(id, (group, target) => {
      if (power === 'terminated') group.targets.delete(`${id}:${target.port}`);
      else if (power === 'stopping' || power === 'stopped' || power === 'shutting-down') {
        if (target.state !== 'draining') this.#to(target, 'unused', 'Target.InvalidState');
      } else if (power === 'running' && target.reason === 'Target.InvalidState') {
        this.#check(group, target);
      }
    });
  }

  #check(group: TargetGroup, target: Target): void {
    this.#to(target, 'initial', 'Elb.InitialHealthChecking');
    this.#later(target, intervalOf(group), () => {
      if (this.#sick.has(target.id)) this.#to(target, 'unhealthy', 'Target.FailedHealthChecks');
      else this.#to(target, 'healthy');
    });
  }

  #fail(group: TargetGroup, target: Target): void {
    const checks = Number(group.settings.UnhealthyThresholdCount ?? 2);
    this.#later(target, checks * intervalOf(group), () => {
      if (this.#sick.has(target.id)) this.#to(target, 'unhealthy', 'Target.Timeout');
    });
  }

  #to(target: Target, state: string, reason?: string): void {
    target.state = state;
    target.reason = reason;
    target.turn += 1;
  }

  #later(target: Target, after: Seconds, fire: () => void): void {
    const { turn } = target;
    this.#clock.schedule(this.#clock.now() + after, () => {
      if (target.turn === turn) fire();
    });
  }

  #each(id: string, work: (group: TargetGroup, target: Target) => void): void {
    for (const group of this.groups.values())
      for (const target of [...group.targets.values()]) if (target.id === id) work(group, target);
  }
}

const intervalOf = ({ settings }: TargetGroup) => Number(settings.HealthCheckIntervalSeconds ?? INTERVAL);
