import * as z from 'zod';

/** What Auto Scaling asks a termination-policy function (User Guide, "Create a custom termination policy with Lambda"). */
export const askedSchema = z.object({
  AutoScalingGroupName: z.string().min(1),
  /** How many it wants to end, by zone and market. */
  CapacityToTerminate: z
    .array(
      z.object({
        AvailabilityZone: z.string(),
        Capacity: z.number().min(0),
        InstanceMarketOption: z.string(),
      }),
    )
    .default([]),
  /** What it would end. */
  Instances: z
    .array(
      z.object({ AvailabilityZone: z.string(), InstanceId: z.string(), InstanceMarketOption: z.string() }),
    )
    .default([]),
  /** SCALE_IN, INSTANCE_REFRESH, MAX_INSTANCE_LIFETIME, REBALANCE. */
  Cause: z.string().optional(),
});

export type Asked = z.infer<typeof askedSchema>;

/**
 * At most as many of the released instances as the group wants to end: of those that it offered, by zone and market;
 * others fill what is left of the sum.
 */
export function choose({ CapacityToTerminate, Instances }: Asked, released: readonly string[]): string[] {
  const room = new Map<string, number>();
  for (const one of CapacityToTerminate) room.set(keyOf(one), (room.get(keyOf(one)) ?? 0) + one.Capacity);
  let left = [...room.values()].reduce((sum, capacity) => sum + capacity, 0);
  const offered = new Map(Instances.map((one) => [one.InstanceId, keyOf(one)]));
  const chosen: string[] = [];
  // Offered ones first, in a fixed order: asked twice, the answer is the same.
  const inOrder = [...released].sort(
    (a, b) => Number(offered.has(b)) - Number(offered.has(a)) || (a < b ? -1 : 1),
  );
  for (const id of inOrder) {
    const key = offered.get(id);
    if (left < 1 || (key !== undefined && (room.get(key) ?? 0) < 1)) continue;
    if (key !== undefined) room.set(key, room.get(key)! - 1);
    left--;
    chosen.push(id);
  }
  return chosen;
}

const keyOf = (one: { AvailabilityZone: string; InstanceMarketOption: string }) =>
  `${one.AvailabilityZone} ${one.InstanceMarketOption}`;
