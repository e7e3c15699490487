import * as z from 'zod';
import { show, showPath } from '../../core/settings/problem.ts';
import type { AppStats } from '../contract.ts';
import { HookError } from './error.ts';

const amount = z.number().min(0);

const statsSchema = z.object({
  slots: z
    .array(
      z.object({
        slot: z.int().min(0).max(255),
        stateBytes: amount,
        dirtyBytesPerSecond: amount.optional(),
      }),
    )
    .max(256)
    .default([]),
  metrics: z.record(z.string().max(40), z.number()).default({}),
  generation: z.string().min(1).max(200).optional(),
});

export const NO_STATS: AppStats = { slots: [], metrics: {} };

/**
 * What the hook `stats` said.
 * @param what the hook, for the message
 * @throws {HookError} that names the field when it is not what it should be
 */
export function parseStats(text: string, what: string): AppStats {
  if (text.trim() === '') return NO_STATS;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HookError(`${what}: expected JSON, got ${show(text)}`);
  }
  const result = statsSchema.safeParse(value);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw new HookError(`${what}: ${showPath(path as (string | number)[])}: ${message}`);
  }
  const { generation, metrics } = result.data;
  return {
    slots: result.data.slots.map(({ slot, stateBytes, dirtyBytesPerSecond }) => ({
      slot,
      stateBytes,
      ...(dirtyBytesPerSecond !== undefined && { dirtyBytesPerSecond }),
    })),
    metrics,
    ...(generation !== undefined && { generation }),
  };
}
