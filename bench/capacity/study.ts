import type { ModelTrace, Outcome } from '../../backtest/model/model.ts';
import { PEERS } from '../../backtest/policies/sweep.ts';
import { USUAL } from '../../backtest/policies/usual.ts';
import { runTasks } from '../lib/pool.ts';
import { beatsFloor, type FloorLine, floorAt } from './floor.ts';
import type { BoundResult, CapacityTask, OursResult, Study } from './tasks.ts';

/** One trace and size: every policy's Pareto front, and the floor under them. */
export interface Cell {
  readonly trace: string;
  /** Instances that a shard's peak needs. */
  readonly size: number;
  readonly floor: readonly FloorLine[];
  /** Hours of instances cut at will, per share of the study. */
  readonly fractional: readonly number[];
  /** Ours with forecasts that are the truth. */
  readonly perfect: readonly Outcome[];
  /** Per delay of the study, ours first. */
  readonly fronts: readonly (readonly Front[])[];
  /** Hours of ours with four slices per instance over ours with whole ones; only where `METRICS_AT` asks for it. */
  readonly packedVsWhole?: number;
}

export interface Front {
  readonly policy: string;
  readonly outcomes: readonly Outcome[];
}

export const OURS = 'ours';

/** What the metrics are defined at. @see metricsOf */
export const METRICS_AT = { size: 20, share: 0.001, delay: 0 };

type Progress = (done: number, note: string) => void;

/** Runs the whole study on all cores that a bench may use. @param progress gets the share that is done, in [0, 1] */
export async function runStudy(study: Study, progress: Progress): Promise<Cell[]> {
  const script = new URL('./worker.ts', import.meta.url);
  const shared = { ...study, traces: study.traces.map(shareMemory) };
  const pairs = study.traces.flatMap((_, trace) => study.sizes.map((size) => ({ trace, size })));
  const first: CapacityTask[] = pairs.map((pair) => ({
    kind: 'bound',
    weight: work(study, pair.trace),
    ...pair,
  }));
  const total = weightOf(first) + weightOf(laterTasks(study, pairs, []));
  const bounds = await runTasks<BoundResult>(script, shared, first, (done) =>
    progress(done / total, 'clairvoyant'),
  );
  const later = laterTasks(study, pairs, bounds);
  const results = await runTasks<unknown>(script, shared, later, (done) =>
    progress((weightOf(first) + done) / total, 'ours and the peers'),
  );
  const find = (want: (task: CapacityTask) => boolean) => results[later.findIndex(want)];
  return pairs.map(({ trace, size }, pair) => {
    const here = (task: CapacityTask) => task.trace === trace && (!('size' in task) || task.size === size);
    const ours = find((task) => task.kind === 'ours' && here(task)) as OursResult;
    const { floor, fractional, usual } = bounds[pair]!;
    const packed = find((task) => task.kind === 'packed' && here(task)) as number | undefined;
    return {
      trace: study.traces[trace]!.name,
      size,
      floor,
      fractional,
      perfect: find((task) => task.kind === 'perfect' && here(task)) as Outcome[],
      ...(packed !== undefined && { packedVsWhole: packed }),
      fronts: study.delays.map((delay, d) => [
        { policy: OURS, outcomes: ours[d]![study.sizes.indexOf(size)]! },
        ...PEERS.map(({ name }) => ({
          policy: name,
          outcomes:
            name === USUAL.name
              ? [usual[d]!]
              : (find(
                  (task) => task.kind === 'peer' && task.peer === name && task.delay === delay && here(task),
                ) as Outcome[]),
        })),
      ]),
    };
  });
}

interface Pair {
  readonly trace: number;
  readonly size: number;
}

function laterTasks(study: Study, pairs: readonly Pair[], bounds: readonly BoundResult[]): CapacityTask[] {
  const swept = PEERS.filter((peer) => peer !== USUAL);
  return [
    ...study.traces.map(
      (_, trace): CapacityTask => ({
        kind: 'ours',
        weight: 6 * study.sizes.length * study.delays.length * work(study, trace),
        trace,
        bounds: bounds.filter((__, pair) => pairs[pair]!.trace === trace),
      }),
    ),
    ...pairs.map(
      (pair, i): CapacityTask => ({
        kind: 'perfect',
        weight: 2.5 * work(study, pair.trace),
        bound: bounds[i]!,
        ...pair,
      }),
    ),
    ...pairs
      .filter(({ size }) => size === METRICS_AT.size && study.shares.includes(METRICS_AT.share))
      .map((pair): CapacityTask => {
        const { share } = METRICS_AT;
        return { kind: 'packed', weight: 6 * work(study, pair.trace), share, ...pair };
      }),
    ...pairs.flatMap((pair) =>
      study.delays.flatMap((delay) =>
        swept.map(({ name, choices }): CapacityTask => {
          // A sweep is the longer the more knobs it turns.
          const weight = (Object.keys(choices).length ** 2 / 14) * work(study, pair.trace);
          return { kind: 'peer', weight: weight + 1, delay, peer: name, ...pair };
        }),
      ),
    ),
  ];
}

/** Shard-minutes of a trace: what proving its floor takes, in units of weight. Other weights are measured against it. */
function work(study: Study, trace: number): number {
  const { load } = study.traces[trace]!;
  return load.length * load[0]!.length;
}

function weightOf(tasks: readonly CapacityTask[]): number {
  return tasks.reduce((sum, { weight }) => sum + weight, 0);
}

/** Loads in memory that workers share instead of each getting a copy. */
function shareMemory(trace: ModelTrace): ModelTrace {
  const load = trace.load.map((values) => {
    const shared = new Float64Array(new SharedArrayBuffer(values.byteLength));
    shared.set(values);
    return shared;
  });
  return { ...trace, load };
}

/** Every outcome below the clairvoyant's floor, one sentence each: a plan that beats the clairvoyant is a bug. */
export function violationsOf(cells: readonly Cell[]): string[] {
  return cells.flatMap(({ trace, size, floor, perfect, fronts }) =>
    [{ policy: 'ours with perfect forecasts', outcomes: perfect }, ...fronts.flat()].flatMap(
      ({ policy, outcomes }) =>
        beatsFloor(floor, outcomes).map(
          ({ hours, unmet, knobs }) =>
            `${trace}, ${size} instances at peak: ${policy} (${knobs}) beats the clairvoyant: ${hours} h at ${unmet} unmet, ` +
            `the proven least is ${floorAt(floor, unmet)} h`,
        ),
    ),
  );
}
