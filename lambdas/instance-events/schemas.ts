import * as z from 'zod';

/**
 * Events of EC2 and Auto Scaling on the default bus, as AWS documents them: EC2 User Guide (Spot interruption notices,
 * rebalance recommendations, state-change events), Auto Scaling User Guide (EventBridge events; warm pool events).
 * Only what is used is described; more fields may be there.
 */
const envelope = {
  id: z.string().min(1),
  /** ISO 8601, whole seconds. */
  time: z.string().min(1),
};

const ec2 = z.object({ 'instance-id': z.string().min(1) });

const lifecycle = z.object({
  AutoScalingGroupName: z.string().min(1),
  EC2InstanceId: z.string().min(1),
  LifecycleHookName: z.string().min(1),
  LifecycleActionToken: z.string().min(1),
  /** `EC2`, `AutoScalingGroup` or `WarmPool`. */
  Origin: z.string().optional(),
  Destination: z.string().optional(),
  /** `ReplaceRootVolume` during an instance refresh: the instance stays. */
  Action: z.string().optional(),
});

const activity = z.object({
  AutoScalingGroupName: z.string().min(1),
  /** Empty where no instance was launched. */
  EC2InstanceId: z.string().optional(),
  Origin: z.string().optional(),
  Destination: z.string().optional(),
  StatusCode: z.string().optional(),
  StatusMessage: z.string().optional(),
  Cause: z.string().optional(),
});

const event = <const T extends string, D extends z.ZodType>(type: T, detail: D) =>
  z.object({ ...envelope, 'detail-type': z.literal(type), detail });

export const eventSchema = z.discriminatedUnion('detail-type', [
  event('EC2 Spot Instance Interruption Warning', ec2.extend({ 'instance-action': z.string().optional() })),
  event('EC2 Instance Rebalance Recommendation', ec2),
  event('EC2 Instance State-change Notification', ec2.extend({ state: z.string() })),
  event('EC2 Instance-launch Lifecycle Action', lifecycle),
  event('EC2 Instance-terminate Lifecycle Action', lifecycle),
  event('EC2 Instance Launch Successful', activity),
  event('EC2 Instance Launch Unsuccessful', activity),
  event('EC2 Instance Terminate Successful', activity),
]);

export type InstanceEvent = z.infer<typeof eventSchema>;
export type EventType = InstanceEvent['detail-type'];
export type EventOf<T extends EventType> = Extract<InstanceEvent, { 'detail-type': T }>;

/** The instance that an event is about; none where a launch failed before there was one. */
export function instanceOf({ detail }: InstanceEvent): string | undefined {
  return ('instance-id' in detail ? detail['instance-id'] : detail.EC2InstanceId) || undefined;
}
