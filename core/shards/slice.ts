import type { Placement } from './placement.ts';

/**
 * What is planned, claimed, registered and moved: an equal part of a running instance (the whole one by default).
 * Registered at a load balancer as instance id + port.
 */
export interface Slice {
  /** `<instance id>:<port>`; unique in the service. */
  readonly id: string;
  readonly instance: string;
  readonly port: number;
  /** Part of an instance of weight 1 that this slice is, e.g. 0.25; the shard's capacity per instance × this = its capacity. */
  readonly share: number;
  readonly placement: Placement;
}

export function sliceId(instance: string, port: number): string {
  return `${instance}:${port}`;
}
