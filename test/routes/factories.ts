import type { Balancer, KnownRoute, SeenGroup, SeenRoutes, SeenRule } from '../../core/routes/seen.ts';
import { type Settings, type SettingsInput, settingsSchema } from '../../core/settings/schema.ts';

export const settingsOf = (
  shards: readonly (Partial<SettingsInput['shards'][number]> & { readonly name: string })[],
  fleet: Partial<SettingsInput['fleet']> = {},
): Settings =>
  settingsSchema.parse({
    service: 'shop',
    shards: shards.map((shard) => ({ capacity: { perInstance: 100 }, mode: 'active', ...shard })),
    fleet: { max: 10, ...fleet },
  });

const ELB = 'arn:aws:elasticloadbalancing:us-east-1:111122223333';

export const balancer = (i = 0): Balancer => ({
  listener: `${ELB}:listener/app/alb-${i}/50dc6c495c0c9188/f2f7dc8efc522ab2`,
  loadBalancer: `${ELB}:loadbalancer/app/alb-${i}/50dc6c495c0c9188`,
  dns: `alb-${i}.us-east-1.elb.amazonaws.com`,
});

export const groupArn = (name: string) => `${ELB}:targetgroup/${name}/6d0ecf831eec9f09`;

export const NOTHING: SeenRoutes = {
  groups: [],
  rules: [],
  known: [],
  slices: new Map(),
  shadow: new Set(),
};

export const group = (name: string, more: Partial<SeenGroup> = {}): SeenGroup => ({
  arn: groupArn(name),
  name,
  targetType: 'instance',
  protocol: 'HTTP',
  health: { path: '/health', interval: 5, timeout: 2, healthy: 2, unhealthy: 2 },
  loadBalancers: [],
  ...more,
});

export const rule = (more: Partial<SeenRule> = {}): SeenRule => ({
  arn: `${ELB}:listener-rule/app/alb-0/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee`,
  listener: balancer().listener,
  ...more,
});

export const known = (shard: string, more: Partial<KnownRoute> = {}): KnownRoute => ({
  shard,
  targetGroup: groupArn(shard),
  targetGroupName: `targetgroup/${shard}/6d0ecf831eec9f09`,
  own: true,
  drain: 60,
  ...more,
});
