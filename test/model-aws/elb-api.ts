import type {
  CreateRuleInput,
  CreateTargetGroupInput,
  DeregisterTargetsInput,
  DescribeListenersInput,
  DescribeLoadBalancersInput,
  DescribeRulesInput,
  DescribeTagsInput,
  DescribeTargetGroupsInput,
  DescribeTargetHealthInput,
  ModifyRuleInput,
  ModifyTargetGroupAttributesInput,
  ModifyTargetGroupInput,
  RegisterTargetsInput,
  Tag,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ElbModel, Rule } from './elb.ts';
import { awsError } from './errors.ts';
import { page } from './page.ts';
import type { Target, TargetGroup } from './targets.ts';

/** Calls of Elastic Load Balancing v2 by name. */
export function elbApi(elb: ElbModel) {
  const { targets } = elb;
  const ruleOf = (arn: string | undefined): Rule => {
    const rule = elb.rules.get(arn ?? '');
    if (rule === undefined) throw awsError('RuleNotFoundException', `One or more rules not found: ${arn}`);
    return rule;
  };
  const tag = (arn: string, tags: readonly Tag[] = []) => {
    const there = elb.tags.get(arn) ?? new Map<string, string>();
    for (const { Key, Value } of tags) there.set(Key ?? '', Value ?? '');
    elb.tags.set(arn, there);
  };

  return {
    RegisterTargets: ({ TargetGroupArn, Targets = [] }: RegisterTargetsInput) => {
      const group = targets.group(TargetGroupArn);
      for (const { Id = '', Port = 80 } of Targets) targets.register(group, Id, Port);
      return {};
    },
    DeregisterTargets: ({ TargetGroupArn, Targets = [] }: DeregisterTargetsInput) => {
      const group = targets.group(TargetGroupArn);
      for (const { Id = '', Port = 80 } of Targets) targets.deregister(group, Id, Port);
      return {};
    },
    DescribeTargetHealth: ({ TargetGroupArn, Targets }: DescribeTargetHealthInput) => {
      const group = targets.group(TargetGroupArn);
      const asked = Targets?.map(({ Id = '', Port = 80 }) => ({ id: Id, port: Port })) ?? [
        ...group.targets.values(),
      ];
      return {
        TargetHealthDescriptions: asked.map(({ id, port }) => health(targets.describe(group, id, port))),
      };
    },

    CreateTargetGroup: ({ Name = '', Tags, ...settings }: CreateTargetGroupInput) => {
      const group = elb.addTargetGroup(Name, { ...settings });
      tag(group.arn, Tags);
      return { TargetGroups: [describe(elb, group)] };
    },
    ModifyTargetGroup: ({ TargetGroupArn, ...settings }: ModifyTargetGroupInput) => {
      const group = targets.group(TargetGroupArn);
      group.settings = { ...group.settings, ...settings };
      return { TargetGroups: [describe(elb, group)] };
    },
    ModifyTargetGroupAttributes: ({ TargetGroupArn, Attributes = [] }: ModifyTargetGroupAttributesInput) => {
      const { attributes } = targets.group(TargetGroupArn);
      for (const { Key = '', Value = '' } of Attributes) attributes.set(Key, Value);
      return {};
    },
    DescribeTargetGroupAttributes: ({ TargetGroupArn }: { TargetGroupArn?: string }) => ({
      Attributes: [...targets.group(TargetGroupArn).attributes].map(([Key, Value]) => ({ Key, Value })),
    }),
    DescribeTargetGroups: ({
      TargetGroupArns,
      Names,
      LoadBalancerArn,
      ...paging
    }: DescribeTargetGroupsInput) => {
      for (const arn of TargetGroupArns ?? []) targets.group(arn);
      let found = [...targets.groups.values()];
      if (TargetGroupArns) found = found.filter(({ arn }) => TargetGroupArns.includes(arn));
      if (Names) found = found.filter(({ name }) => Names.includes(name));
      if (Names && found.length < Names.length)
        throw awsError('TargetGroupNotFoundException', 'One or more target groups not found');
      if (LoadBalancerArn) found = found.filter(({ arn }) => usersOf(elb, arn).includes(LoadBalancerArn));
      const { items, next } = page(found, paging.PageSize ?? 400, paging.Marker);
      return { TargetGroups: items.map((group) => describe(elb, group)), NextMarker: next };
    },
    DeleteTargetGroup: ({ TargetGroupArn }: { TargetGroupArn?: string }) => {
      const group = targets.groups.get(TargetGroupArn ?? '');
      if (group?.inUse)
        throw awsError('ResourceInUseException', `Target group '${group.arn}' is currently in use by a rule`);
      if (group) targets.groups.delete(group.arn);
      return {};
    },

    CreateRule: ({ ListenerArn = '', Priority = 0, Conditions, Actions = [], Tags }: CreateRuleInput) => {
      if (!elb.listeners.has(ListenerArn))
        throw awsError('ListenerNotFoundException', `not found: ${ListenerArn}`);
      for (const { TargetGroupArn } of Actions) if (TargetGroupArn) targets.group(TargetGroupArn);
      const rule = elb.addRule(ListenerArn, Priority, Conditions, Actions);
      tag(rule.arn, Tags);
      return { Rules: [describeRule(rule)] };
    },
    ModifyRule: ({ RuleArn, Conditions, Actions }: ModifyRuleInput) => {
      const rule = ruleOf(RuleArn);
      if (Conditions) rule.conditions = Conditions;
      if (Actions) rule.actions = Actions;
      elb.refresh();
      return { Rules: [describeRule(rule)] };
    },
    DeleteRule: ({ RuleArn }: { RuleArn?: string }) => {
      elb.rules.delete(ruleOf(RuleArn).arn);
      elb.refresh();
      return {};
    },
    DescribeRules: ({ ListenerArn, RuleArns, PageSize, Marker }: DescribeRulesInput) => {
      const found = RuleArns
        ? RuleArns.map(ruleOf)
        : [...elb.rules.values()].filter(({ listener }) => listener === ListenerArn);
      const { items, next } = page(found, PageSize ?? 400, Marker);
      return { Rules: items.map(describeRule), NextMarker: next };
    },
    DescribeListeners: ({ LoadBalancerArn, ListenerArns }: DescribeListenersInput) => ({
      Listeners: [...elb.listeners.values()]
        .filter(({ arn, loadBalancer }) => ListenerArns?.includes(arn) ?? loadBalancer === LoadBalancerArn)
        .map(({ arn, loadBalancer }) => ({ ListenerArn: arn, LoadBalancerArn: loadBalancer, Port: 80 })),
    }),
    DescribeLoadBalancers: ({ LoadBalancerArns, Names }: DescribeLoadBalancersInput) => ({
      LoadBalancers: [...elb.loadBalancers]
        .filter(([arn, name]) => LoadBalancerArns?.includes(arn) ?? Names?.includes(name) ?? true)
        .map(([LoadBalancerArn, LoadBalancerName]) => ({
          LoadBalancerArn,
          LoadBalancerName,
          DNSName: `${LoadBalancerName}.us-east-1.elb.amazonaws.com`,
        })),
    }),

    AddTags: ({ ResourceArns = [], Tags }: { ResourceArns?: string[]; Tags?: Tag[] }) => {
      for (const arn of ResourceArns) tag(arn, Tags);
      return {};
    },
    RemoveTags: ({ ResourceArns = [], TagKeys = [] }: { ResourceArns?: string[]; TagKeys?: string[] }) => {
      for (const arn of ResourceArns) for (const key of TagKeys) elb.tags.get(arn)?.delete(key);
      return {};
    },
    DescribeTags: ({ ResourceArns = [] }: DescribeTagsInput) => {
      if (ResourceArns.length > 20) throw awsError('ValidationError', 'at most 20 resources');
      return {
        TagDescriptions: ResourceArns.map((ResourceArn) => ({
          ResourceArn,
          Tags: [...(elb.tags.get(ResourceArn) ?? [])].map(([Key, Value]) => ({ Key, Value })),
        })),
      };
    },
  };
}

const health = ({ id, port, state, reason }: Pick<Target, 'id' | 'port' | 'state' | 'reason'>) => ({
  Target: { Id: id, Port: port },
  TargetHealth: { State: state, ...(reason === undefined ? {} : { Reason: reason }) },
});

const usersOf = (elb: ElbModel, arn: string): string[] => [
  ...new Set(
    [...elb.rules.values()]
      .filter(({ actions }) => actions.some(({ TargetGroupArn }) => TargetGroupArn === arn))
      .flatMap(({ listener }) => elb.listeners.get(listener)?.loadBalancer ?? []),
  ),
];

const describe = (elb: ElbModel, { arn, name, settings }: TargetGroup) => ({
  ...settings,
  TargetGroupArn: arn,
  TargetGroupName: name,
  LoadBalancerArns: usersOf(elb, arn),
});

const describeRule = ({ arn, priority, conditions, actions }: Rule) => ({
  RuleArn: arn,
  Priority: String(priority),
  Conditions: conditions,
  Actions: actions,
  IsDefault: false,
});
