import type { Clock } from '../../../core/ports.ts';
import { parseStamp } from '../../../core/settings/stamp.ts';
import type { Seconds } from '../../../core/time.ts';
import { choose } from './choice.ts';
import { type Machine, type MapState, type State, type TaskState, unsupported } from './definition.ts';
import { catcherOf, retrierOf, retryDelay, StateError, stateError } from './failures.ts';
import { fill, type Json, place, read } from './paths.ts';
import type { Tokens } from './tokens.ts';

/** What happened in an execution, in order. States inside a Map are named `map/state`. */
export interface Happening {
  readonly at: Seconds;
  readonly state: string;
  readonly what: 'entered' | 'retried' | 'caught' | 'failed';
  readonly error?: string;
  readonly cause?: string;
}

export type Execution = { readonly history: readonly Happening[] } & (
  | { readonly status: 'SUCCEEDED'; readonly output: Json }
  | { readonly status: 'FAILED'; readonly error: string; readonly cause: string }
);

export interface World {
  readonly clock: Clock;
  /** Calls a function by its ARN, with a payload as from JSON. */
  readonly invoke: (resource: string, payload: Json) => Promise<unknown>;
  readonly tokens: Tokens;
}

/** Bytes of a state's input or output at most. */
const MOST_BYTES = 256 * 1024;

/**
 * Runs a machine, its tokens replaced, to its end, and says what became of it and what happened.
 * @throws {RangeError} for a machine that uses more of the language than we do.
 */
export async function execute(
  machine: Machine,
  input: unknown,
  world: World,
  name = 'local',
): Promise<Execution> {
  const found = unsupported(machine);
  if (found.length > 0) throw new RangeError(found.join('\n'));
  const history: Happening[] = [];
  const context = { Execution: { Name: name } };
  try {
    const output = await new Run(world, history).machine(machine, wire(input), context, '');
    return { status: 'SUCCEEDED', output, history };
  } catch (thrown) {
    const { error, cause } = stateError(thrown);
    return { status: 'FAILED', error, cause, history };
  }
}

/** As over the wire. */
function wire(value: unknown): Json {
  const text = JSON.stringify(value ?? null);
  if (Buffer.byteLength(text) > MOST_BYTES)
    throw new StateError(
      'States.DataLimitExceeded',
      `expected at most ${MOST_BYTES} bytes, got ${text.length}`,
    );
  return JSON.parse(text);
}

/** A state's output, and the state after it; none at the end. */
type Ended = readonly [output: Json, next?: string | undefined];

type Context = { readonly [key: string]: Json };

class Run {
  readonly #world: World;
  readonly #history: Happening[];

  constructor(world: World, history: Happening[]) {
    this.#world = world;
    this.#history = history;
  }

  async machine({ StartAt, States }: Machine, input: Json, context: Context, prefix: string): Promise<Json> {
    let name = StartAt;
    let data = input;
    for (;;) {
      const state = States[name];
      if (state === undefined) throw new StateError('States.Runtime', `no state ${name}`);
      const at = `${prefix}${name}`;
      this.#note(at, 'entered');
      const [output, next] = await this.#state(at, state, data, context);
      data = wire(output);
      if (next === undefined) return data;
      name = next;
    }
  }

  async #state(at: string, state: State, data: Json, context: Context): Promise<Ended> {
    switch (state.Type) {
      case 'Task':
        return this.#guarded(at, state, data, () => this.#task(state, data, context));
      case 'Map':
        return this.#guarded(at, state, data, () => this.#map(at, state, data, context));
      case 'Wait': {
        const { clock } = this.#world;
        await clock.sleepUntil(
          state.TimestampPath === undefined
            ? clock.now() + (state.Seconds ?? 0)
            : stampAt(state.TimestampPath, data),
        );
        return [data, state.Next];
      }
      case 'Pass': {
        const result = state.Parameters === undefined ? data : fill(state.Parameters, data, context);
        return [place(state.ResultPath, data, result), state.Next];
      }
      case 'Choice': {
        const next = choose(state, data, context);
        if (next === undefined) throw new StateError('States.NoChoiceMatched', at);
        return [data, next];
      }
      case 'Succeed':
        return [state.OutputPath === undefined ? data : read(state.OutputPath, data, context)];
      case 'Fail':
        throw new StateError(state.Error, state.Cause);
    }
  }

  /** Retries as long as a retrier has tries left, each counting its own; then catches. */
  async #guarded(
    at: string,
    state: TaskState | MapState,
    data: Json,
    work: () => Promise<Json>,
  ): Promise<Ended> {
    const { clock } = this.#world;
    const tries: number[] = [];
    for (;;) {
      try {
        return [place(state.ResultPath, data, wire(await work())), state.Next];
      } catch (thrown) {
        const { error, cause } = stateError(thrown);
        const which = retrierOf(state.Retry, error);
        const retrier = state.Retry?.[which];
        tries[which] = (tries[which] ?? 0) + 1;
        const delay = retrier && retryDelay(retrier, tries[which] ?? 1);
        if (delay !== undefined) {
          this.#note(at, 'retried', error, cause);
          await clock.sleepUntil(clock.now() + delay);
          continue;
        }
        const catcher = catcherOf(state.Catch, error);
        this.#note(at, catcher === undefined ? 'failed' : 'caught', error, cause);
        if (catcher === undefined) throw thrown;
        return [place(catcher.ResultPath, data, { Error: error, Cause: cause }), catcher.Next];
      }
    }
  }

  async #task(state: TaskState, data: Json, context: Context): Promise<Json> {
    const { clock, tokens, invoke } = this.#world;
    const waits = state.Resource.endsWith('.waitForTaskToken');
    const issued = waits ? tokens.issue() : undefined;
    const within = issued === undefined ? context : { ...context, Task: { Token: issued.token } };
    const payload = state.Parameters === undefined ? data : fill(state.Parameters, data, within);
    const work = async (): Promise<Json> => {
      if (!state.Resource.includes(':states:::lambda:invoke'))
        return wire(await invoke(state.Resource, payload));
      const { FunctionName, Payload } = payload as { readonly FunctionName: string; readonly Payload: Json };
      const result = wire(await invoke(FunctionName, Payload));
      return issued === undefined ? { StatusCode: 200, Payload: result } : issued.answer;
    };
    // A timer that is not needed any more fires into the void.
    const timeout = async (): Promise<never> => {
      await clock.sleepUntil(clock.now() + (state.TimeoutSeconds ?? Infinity));
      throw new StateError('States.Timeout', `not done after ${state.TimeoutSeconds} s`);
    };
    try {
      return await (state.TimeoutSeconds === undefined ? work() : Promise.race([work(), timeout()]));
    } finally {
      issued?.forget();
    }
  }

  async #map(at: string, state: MapState, data: Json, context: Context): Promise<Json> {
    const items = read(state.ItemsPath, data, context);
    if (!Array.isArray(items)) throw new StateError('States.Runtime', `${at}: ItemsPath: expected a list`);
    const { Mode } = state.ItemProcessor.ProcessorConfig;
    const results: Json[] = [];
    let failed: unknown;
    let failures = 0;
    let next = 0;
    const lane = async () => {
      while (next < items.length) {
        const Index = next++;
        const Value = items[Index] as Json;
        const within = { ...context, Map: { Item: { Index, Value } } };
        const input = state.ItemSelector === undefined ? Value : fill(state.ItemSelector, data, within);
        try {
          results[Index] = await this.machine(state.ItemProcessor, input, within, `${at}/`);
        } catch (thrown) {
          failures++;
          failed ??= thrown;
        }
      }
    };
    const lanes = Math.min(items.length, state.MaxConcurrency || 40);
    await Promise.all(Array.from({ length: lanes }, lane));
    if (Mode === 'INLINE' && failures > 0) throw failed;
    if (failures > ((state.ToleratedFailurePercentage ?? 0) / 100) * items.length)
      throw new StateError(
        'States.ExceedToleratedFailureThreshold',
        `${failures} of ${items.length} items failed`,
      );
    return results.filter((result) => result !== undefined);
  }

  #note(state: string, what: Happening['what'], error?: string, cause?: string): void {
    const at = this.#world.clock.now();
    this.#history.push({ at, state, what, ...(error === undefined ? {} : { error, cause: cause ?? '' }) });
  }
}

function stampAt(path: string, data: Json): Seconds {
  const text = read(path, data);
  const at = typeof text === 'string' ? parseStamp(text) : undefined;
  if (at === undefined)
    throw new StateError('States.Runtime', `${path}: expected a stamp, got ${JSON.stringify(text)}`);
  return at;
}
