import { awsError } from './errors.ts';
import type { TargetGroup, TargetsModel } from './targets.ts';

/**
 * Load balancers, listeners, rules and tags (elasticloadbalancing/latest/application/load-balancer-limits): 100 target
 * groups and 100 rules per load balancer, priorities 1–50,000 unique in a listener.
 */
export interface Rule {
  readonly arn: string;
  readonly listener: string;
  priority: number;
  conditions: unknown;
  actions: { readonly TargetGroupArn?: string | undefined }[];
}

export interface Listener {
  readonly arn: string;
  readonly loadBalancer: string;
}

const ACCOUNT = 'arn:aws:elasticloadbalancing:us-east-1:000000000000';
const MOST = 100;

export class ElbModel {
  readonly targets: TargetsModel;
  readonly loadBalancers = new Map<string, string>();
  readonly listeners = new Map<string, Listener>();
  readonly rules = new Map<string, Rule>();
  readonly tags = new Map<string, Map<string, string>>();
  #made = 0;

  constructor(targets: TargetsModel) {
    this.targets = targets;
  }

  sicken(instance: string): void {
    this.targets.sicken(instance);
  }

  /** One with an HTTP listener. @returns ARNs of both */
  addLoadBalancer(name: string): { readonly loadBalancer: string; readonly listener: string } {
    const id = this.#id();
    const loadBalancer = `${ACCOUNT}:loadbalancer/app/${name}/${id}`;
    const listener = `${ACCOUNT}:listener/app/${name}/${id}/${this.#id()}`;
    this.loadBalancers.set(loadBalancer, name);
    this.listeners.set(listener, { arn: listener, loadBalancer });
    return { loadBalancer, listener };
  }

  addTargetGroup(name: string, settings: Record<string, unknown> = {}, inUse = false): TargetGroup {
    for (const { name: taken } of this.targets.groups.values())
      if (taken === name)
        throw awsError('DuplicateTargetGroupNameException', `target group '${name}' already exists`);
    const arn = `${ACCOUNT}:targetgroup/${name}/${this.#id()}`;
    const group: TargetGroup = { arn, name, targets: new Map(), settings, attributes: new Map(), inUse };
    this.targets.groups.set(arn, group);
    return group;
  }

  addRule(listener: string, priority: number, conditions: unknown, actions: Rule['actions']): Rule {
    const there = [...this.rules.values()].filter((rule) => rule.listener === listener);
    if (there.some((rule) => rule.priority === priority))
      throw awsError('PriorityInUseException', `Priority '${priority}' is currently in use`);
    if (there.length >= MOST) throw awsError('TooManyRulesException', `at most ${MOST} rules`);
    const rule: Rule = {
      arn: `${listener.replace(':listener/', ':listener-rule/')}/${this.#id()}`,
      listener,
      priority,
      conditions,
      actions,
    };
    this.rules.set(rule.arn, rule);
    const used = new Set([...there, rule].flatMap(({ actions }) => actions.map((one) => one.TargetGroupArn)));
    if (used.size > MOST) {
      this.rules.delete(rule.arn);
      throw awsError('TooManyUniqueTargetGroupsPerLoadBalancerException', `at most ${MOST} target groups`);
    }
    this.refresh();
    return rule;
  }

  /** Which target groups are in use, after a change of rules. */
  refresh(): void {
    const used = new Set<string | undefined>();
    for (const { actions } of this.rules.values()) for (const one of actions) used.add(one.TargetGroupArn);
    for (const group of this.targets.groups.values()) group.inUse = used.has(group.arn);
  }

  #id(): string {
    return (++this.#made).toString(16).padStart(16, '0');
  }
}
