import {
  DescribeRulesCommand,
  type DescribeRulesCommandOutput,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  type ElasticLoadBalancingV2Client,
  type Rule,
  type RuleCondition,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { looksOurs } from '../../core/routes/names.ts';
import type { Route } from '../../core/routes/route.ts';
import type { KnownRoute, SeenGroup, SeenRule } from '../../core/routes/seen.ts';
import type { Patience } from './routes-patience.ts';

export type ElbClient = Pick<ElasticLoadBalancingV2Client, 'send'>;

/** Marks what Foreshard made; both are needed to call it ours. */
export const SERVICE_TAG = 'foreshard:service';
export const SHARD_TAG = 'foreshard:shard';

/** Most resources that one DescribeTags takes. */
const TAGS_AT_ONCE = 20;

/**
 * What exists: all target groups of the account in the region (there is no filter by tag), all rules of our
 * listeners. Tags are asked only of what looks like ours and is not known from the table: in a settled fleet of 1,000
 * shards this is 3 calls for groups and one for each listener.
 */
export async function readElb(
  client: ElbClient,
  patience: Patience,
  service: string,
  listeners: readonly string[],
  known: readonly KnownRoute[],
): Promise<{ readonly groups: readonly SeenGroup[]; readonly rules: readonly SeenRule[] }> {
  const described = await allGroups(client, patience);
  const rules: { rule: Rule; listener: string }[] = [];
  for (const listener of listeners)
    for (const rule of await rulesOf(client, patience, listener)) rules.push({ rule, listener });

  const shardOf = new Map<string, string>();
  for (const { own, shard, targetGroup, rule } of known) {
    if (!own) continue;
    shardOf.set(targetGroup, shard);
    if (rule !== undefined) shardOf.set(rule, shard);
  }
  const groupsToAsk = described.flatMap(({ TargetGroupArn: arn, TargetGroupName: name }) =>
    arn !== undefined && !shardOf.has(arn) && looksOurs(service, name ?? '') ? [arn] : [],
  );
  for (const [arn, shard] of await tagged(client, patience, service, groupsToAsk)) shardOf.set(arn, shard);
  const rulesToAsk = rules.flatMap(({ rule: { RuleArn: arn, Actions } }) => {
    const target = targetOf(Actions);
    return arn !== undefined && !shardOf.has(arn) && target !== undefined && shardOf.has(target) ? [arn] : [];
  });
  for (const [arn, shard] of await tagged(client, patience, service, rulesToAsk)) shardOf.set(arn, shard);

  return {
    groups: described.map((group) => seenGroup(group, shardOf)),
    rules: rules.map(({ rule, listener }) => seenRule(rule, listener, shardOf)),
  };
}

async function allGroups(client: ElbClient, patience: Patience): Promise<TargetGroup[]> {
  const groups: TargetGroup[] = [];
  let Marker: string | undefined;
  do {
    const input = { PageSize: 400, ...(Marker === undefined ? {} : { Marker }) };
    const page = await patience('DescribeTargetGroups', () =>
      client.send(new DescribeTargetGroupsCommand(input)),
    );
    groups.push(...(page.TargetGroups ?? []));
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  return groups;
}

async function rulesOf(client: ElbClient, patience: Patience, listener: string): Promise<Rule[]> {
  const rules: Rule[] = [];
  let Marker: string | undefined;
  do {
    const input = { ListenerArn: listener, PageSize: 400, ...(Marker === undefined ? {} : { Marker }) };
    let page: DescribeRulesCommandOutput;
    try {
      page = await patience('DescribeRules', () => client.send(new DescribeRulesCommand(input)));
    } catch (error) {
      // It has gone with its rules; whoever wants to make one there is told so then.
      if ((error as Error).name === 'ListenerNotFoundException') return [];
      throw error;
    }
    rules.push(...(page.Rules ?? []));
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  return rules;
}

/** Of these resources the ones that are ours, with their shard. */
async function tagged(
  client: ElbClient,
  patience: Patience,
  service: string,
  arns: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let i = 0; i < arns.length; i += TAGS_AT_ONCE) {
    const ResourceArns = arns.slice(i, i + TAGS_AT_ONCE);
    const page = await patience('DescribeTags', () => client.send(new DescribeTagsCommand({ ResourceArns })));
    for (const { ResourceArn, Tags } of page.TagDescriptions ?? []) {
      const tags = new Map((Tags ?? []).map(({ Key, Value }) => [Key, Value]));
      const shard = tags.get(SHARD_TAG);
      if (ResourceArn !== undefined && shard !== undefined && tags.get(SERVICE_TAG) === service)
        found.set(ResourceArn, shard);
    }
  }
  return found;
}

function seenGroup(group: TargetGroup, shardOf: ReadonlyMap<string, string>): SeenGroup {
  const arn = group.TargetGroupArn ?? '';
  const shard = shardOf.get(arn);
  return {
    arn,
    name: group.TargetGroupName ?? '',
    ...(shard === undefined ? {} : { shard }),
    targetType: group.TargetType ?? 'instance',
    protocol: group.Protocol ?? '',
    health: {
      path: group.HealthCheckPath ?? '',
      interval: group.HealthCheckIntervalSeconds ?? 0,
      timeout: group.HealthCheckTimeoutSeconds ?? 0,
      healthy: group.HealthyThresholdCount ?? 0,
      unhealthy: group.UnhealthyThresholdCount ?? 0,
    },
    loadBalancers: group.LoadBalancerArns ?? [],
  };
}

function seenRule(rule: Rule, listener: string, shardOf: ReadonlyMap<string, string>): SeenRule {
  const arn = rule.RuleArn ?? '';
  const priority = rule.IsDefault || rule.Priority === 'default' ? undefined : Number(rule.Priority);
  const route = routeOf(rule.Conditions ?? []);
  const targetGroup = targetOf(rule.Actions);
  const shard = shardOf.get(arn);
  return {
    arn,
    listener,
    ...(priority === undefined ? {} : { priority }),
    ...(route === undefined ? {} : { route }),
    ...(targetGroup === undefined ? {} : { targetGroup }),
    ...(shard === undefined ? {} : { shard }),
  };
}

/** The group that requests are forwarded to: the first one, where there are weights. */
function targetOf(actions: Rule['Actions']): string | undefined {
  const forward = actions?.find(({ Type }) => Type === 'forward');
  return forward?.TargetGroupArn ?? forward?.ForwardConfig?.TargetGroups?.[0]?.TargetGroupArn;
}

function routeOf(conditions: readonly RuleCondition[]): Route | undefined {
  const [one, another] = conditions;
  if (one === undefined || another !== undefined) return undefined;
  const only = (values: readonly string[] | undefined) => (values?.length === 1 ? values[0] : undefined);
  if (one.Field === 'path-pattern') {
    const path = only(one.PathPatternConfig?.Values ?? one.Values);
    return path === undefined ? undefined : { path };
  }
  if (one.Field === 'host-header') {
    const host = only(one.HostHeaderConfig?.Values ?? one.Values);
    return host === undefined ? undefined : { host };
  }
  const header = one.HttpHeaderConfig?.HttpHeaderName;
  const value = only(one.HttpHeaderConfig?.Values);
  return header === undefined || value === undefined ? undefined : { header, value };
}
