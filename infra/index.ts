/** What a CDK app of one's own imports; see examples/own-app. */
export { Channels, type ChannelsProps, Control, type ControlProps } from './constructs/control.ts';
export { Fleet, type FleetProps } from './constructs/fleet.ts';
export { Launch, type LaunchProps } from './constructs/launch.ts';
export { Network, type NetworkProps } from './constructs/network.ts';
export { Observability, type ObservabilityProps } from './constructs/observability.ts';
export { type Entrance, Router, type RouterProps } from './constructs/router.ts';
export { State } from './constructs/state.ts';
export { Workflows, type WorkflowsProps } from './constructs/workflows.ts';
export { check } from './nag.ts';
export type { ShardedServiceProps } from './props.ts';
export { ShardedService } from './sharded-service.ts';
export { ForeshardStack, type ForeshardStackProps } from './stack.ts';
