import type { Settings } from '../settings/schema.ts';
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

/** The first slice of every instance listens here, the next one on the port after it, and so on. */
export const FIRST_PORT = 8080;

export function sliceId(instance: string, port: number): string {
  return `${instance}:${port}`;
}

/** The parts of a slice id. @throws {RangeError} when it is not `<instance id>:<port>`. */
export function parseSliceId(slice: string): { readonly instance: string; readonly port: number } {
  const colon = slice.lastIndexOf(':');
  const port = Number(slice.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 1)
    throw new RangeError(`slice id must be <instance id>:<port>, not ${JSON.stringify(slice)}`);
  return { instance: slice.slice(0, colon), port };
}

/** A part of an instance that was declared, in place of an equal one. */
export interface DeclaredSlice {
  readonly port: number;
  /** Part of the instance, above 0 and at most 1. */
  readonly part: number;
  /**
   * `planned`: as any other slice. `hidden`: the planner does not see it, and nobody touches it. `leaving`: nor does it
   * see this one, which is brought to `ready`.
   */
  readonly use: 'planned' | 'hidden' | 'leaving';
}

/** The slices of instances that are not divided into equal parts, by instance. */
export type Layouts = ReadonlyMap<string, readonly DeclaredSlice[]>;

/** Ids of all slices that an instance carries under these settings. */
export function sliceIdsOf(instance: string, settings: Settings, layouts?: Layouts): string[] {
  const declared = layouts?.get(instance);
  if (declared !== undefined) return declared.map(({ port }) => sliceId(instance, port));
  return Array.from({ length: settings.fleet.slicesPerInstance }, (_, i) =>
    sliceId(instance, FIRST_PORT + i),
  );
}

/** {@link Slice.share} of a slice on an instance of this type; a type that the settings do not name counts as weight 1. */
export function shareOf(type: string, settings: Settings): number {
  return weightOf(type, settings) / settings.fleet.slicesPerInstance;
}

/** {@link Slice.share} of one slice of an instance of this type, declared or equal; 0 of one that is not to be planned. */
export function shareOfSlice(slice: string, type: string, settings: Settings, layouts: Layouts): number {
  const { instance, port } = parseSliceId(slice);
  const declared = layouts.get(instance);
  if (declared === undefined) return shareOf(type, settings);
  const { part = 0, use } = declared.find((one) => one.port === port) ?? {};
  return use === 'planned' ? weightOf(type, settings) * part : 0;
}

/** Capacity of an instance of this type relative to one of weight 1. */
export function weightOf(type: string, settings: Settings): number {
  return settings.fleet.instanceTypes.find((t) => t.type === type)?.weight ?? 1;
}
