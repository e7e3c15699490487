import { DEFAULT_MODEL, type ModelConfig, type ModelTrace } from '../../backtest/model/model.ts';
import type { Knob } from '../../backtest/policies/peer.ts';

export const KNOB: Knob = { target: 1, prepared: 0, buffer: 0, ratio: 1, hourPeak: 0, gentle: 0 };

export function config(change: Partial<ModelConfig> = {}): ModelConfig {
  return { ...DEFAULT_MODEL, ...change };
}

/** One shard, all of it judged. */
export function oneShard(load: readonly number[], history = 0): ModelTrace {
  return { name: 'test', shards: ['a'], load: [Float64Array.from(load)], history, start: 0 };
}

/** `minutes` of each value, in order. */
export function stretches(...parts: readonly (readonly [minutes: number, value: number])[]): Float64Array {
  return Float64Array.from(parts.flatMap(([minutes, value]) => new Array<number>(minutes).fill(value)));
}
