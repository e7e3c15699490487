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
}

export interface Front {
  readonly policy: string;
  readonly outcomes: readonly Outcome[];
}

export const OURS = 'ours';

type Progress = (done: number, note: string) => void;

/** Runs the whole study on all cores that a bench may use. @param progress gets the share that is done, in [0, 1] */
export async function runStudy(study: Study, progress: Progress): Promise<Cell[]> {
  const script = new URL('./worker.ts', import.meta.url);
  const shared = { ...study, traces: study.traces.map(shareMemory) };
  const pairs = study.traces.flatMap((_, trace) => study.sizes.map((size) => ({ trace, size })));
  const first: CapacityTask[] = pairs.map((pair) => ({ kind: 'bound', weight: work(study, pair), ...pair }));
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
    return {
      trace: study.traces[trace]!.name,
      size,
      floor,
      fractional,
      perfect: find((task) => task.kind === 'perfect' && here(task)) as Outcome[],
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
        weight: 20 * study.delays.length * work(study, { trace, size: 20 }),
        trace,
        bounds: bounds.filter((__, pair) => pairs[pair]!.trace === trace),
      }),
    ),
    ...pairs.map(
      (pair, i): CapacityTask => ({
        kind: 'perfect',
        weight: 3 * work(study, pair),
        bound: bounds[i]!,
        ...pair,
      }),
    ),
    ...pairs.flatMap((pair) =>
      study.delays.flatMap((delay) =>
        swept.map(({ name, choices }): CapacityTask => {
          // A sweep's length goes with the number of knobs that it turns.
          const weight = (Object.keys(choices).length / 2) * work(study, pair);
          return { kind: 'peer', weight: weight + 1, delay, peer: name, ...pair };
        }),
      ),
    ),
  ];
}

/** Shard-minutes of the whole trace. */
function work(study: Study, { trace }: Pair): number {
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
