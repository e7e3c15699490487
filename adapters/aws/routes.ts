import {
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  type RuleCondition,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { HealthCheck, Route } from '../../core/routes/route.ts';
import { FIRST_PORT } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import type { Patience } from './routes-patience.ts';
import { type ElbClient, SERVICE_TAG, SHARD_TAG } from './routes-read.ts';

/**
 * The changes that route-sync makes to load balancers. Each is idempotent: a group or rule that is there already is
 * used, one that has gone is gone. @throws what AWS answers otherwise
 */
export class Routes {
  readonly #client: ElbClient;
  readonly #patience: Patience;
  readonly #service: string;
  readonly #vpc: string;

  constructor(client: ElbClient, patience: Patience, service: string, vpc: string) {
    this.#client = client;
    this.#patience = patience;
    this.#service = service;
    this.#vpc = vpc;
  }

  /** A group of instances; AWS gives the one that exists where name and settings are the same. @returns its ARN */
  async createGroup(shard: string, name: string, health: HealthCheck): Promise<string> {
    const command = new CreateTargetGroupCommand({
      Name: name,
      Protocol: 'HTTP',
      // Each target brings its own port; this one is only the default.
      Port: FIRST_PORT,
      VpcId: this.#vpc,
      TargetType: 'instance',
      ...checked(health),
      Tags: this.#tags(shard),
    });
    const { TargetGroups } = await this.#patience('CreateTargetGroup', () => this.#client.send(command));
    const arn = TargetGroups?.[0]?.TargetGroupArn;
    if (arn === undefined) throw new Error(`CreateTargetGroup ${name}: expected its ARN, got none`);
    return arn;
  }

  async setHealth(group: string, health: HealthCheck): Promise<void> {
    const command = new ModifyTargetGroupCommand({ TargetGroupArn: group, ...checked(health) });
    await this.#patience('ModifyTargetGroup', () => this.#client.send(command));
  }

  /** Deregistration delay: how long a target that leaves may finish what it has in flight. */
  async setDrain(group: string, seconds: Seconds): Promise<void> {
    const command = new ModifyTargetGroupAttributesCommand({
      TargetGroupArn: group,
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: String(seconds) }],
    });
    await this.#patience('ModifyTargetGroupAttributes', () => this.#client.send(command));
  }

  /** @returns the rule's ARN */
  async createRule(
    shard: string,
    listener: string,
    route: Route,
    priority: number,
    group: string,
  ): Promise<string> {
    const command = new CreateRuleCommand({
      ListenerArn: listener,
      Priority: priority,
      Conditions: [conditionOf(route)],
      Actions: [{ Type: 'forward', TargetGroupArn: group }],
      Tags: this.#tags(shard),
    });
    const { Rules } = await this.#patience('CreateRule', () => this.#client.send(command));
    const arn = Rules?.[0]?.RuleArn;
    if (arn === undefined) throw new Error(`CreateRule of ${shard}: expected its ARN, got none`);
    return arn;
  }

  async deleteRule(arn: string): Promise<void> {
    const command = new DeleteRuleCommand({ RuleArn: arn });
    await this.#patience('DeleteRule', () => unless('RuleNotFoundException', this.#client.send(command)));
  }

  async deleteGroup(arn: string): Promise<void> {
    const command = new DeleteTargetGroupCommand({ TargetGroupArn: arn });
    await this.#patience('DeleteTargetGroup', () =>
      unless('TargetGroupNotFoundException', this.#client.send(command)),
    );
  }

  #tags(shard: string) {
    return [
      { Key: SERVICE_TAG, Value: this.#service },
      { Key: SHARD_TAG, Value: shard },
    ];
  }
}

async function unless(name: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if ((error as Error).name !== name) throw error;
  }
}

const checked = (health: HealthCheck) => ({
  HealthCheckPath: health.path,
  HealthCheckIntervalSeconds: health.interval,
  HealthCheckTimeoutSeconds: health.timeout,
  HealthyThresholdCount: health.healthy,
  UnhealthyThresholdCount: health.unhealthy,
});

function conditionOf(route: Route): RuleCondition {
  if ('path' in route) return { Field: 'path-pattern', PathPatternConfig: { Values: [route.path] } };
  if ('host' in route) return { Field: 'host-header', HostHeaderConfig: { Values: [route.host] } };
  return {
    Field: 'http-header',
    HttpHeaderConfig: { HttpHeaderName: route.header, Values: [route.value] },
  };
}
