import {
  flat,
  type Machine,
  type MapState,
  type State,
  type TaskState,
  unsupported,
} from '../adapters/local/asl/definition.ts';
import { retryBudget } from '../adapters/local/asl/failures.ts';
import { CALLS, type MachineName, pascalCase, substitutions } from './machines.ts';

/**
 * What neither JSON nor Step Functions refuses, and we do. Each finding is one line, `machine: what is wrong`.
 * The tests (test/statemachines/) run it over the files, and each check over a file that breaks it.
 */
export function findings(name: MachineName, text: string): string[] {
  let machine: Machine;
  try {
    machine = JSON.parse(text);
  } catch (error) {
    return [`${name}: expected JSON before substitution: ${(error as Error).message}`];
  }
  return [
    ...tokens(name, text),
    ...unsupported(machine),
    ...graph(machine, ''),
    ...guards(machine, ''),
    ...names(machine, ''),
    ...comment(machine),
  ].map((line) => `${name}: ${line}`);
}

/** The file's tokens are those that CDK replaces, both ways. */
function tokens(name: MachineName, text: string): string[] {
  const has = new Set([...text.matchAll(/\$\{([^}]*)\}/g)].map(([, token]) => token as string));
  const given = Object.keys(substitutions(name, () => '', ''));
  return [
    ...[...has]
      .filter((token) => !given.includes(token))
      .map((token) => `token ${token} is replaced by nothing`),
    ...given.filter((token) => !has.has(token)).map((token) => `token ${token} is given and not used`),
  ];
}

/** Every name leads to a state, every state can be reached, and every state ends or goes on. */
function graph({ StartAt, States }: Machine, where: string): string[] {
  const found: string[] = [];
  const reached = new Set<string>();
  const queue: (readonly [from: string, to: string])[] = [[`${where}StartAt`, StartAt]];
  for (const [from, to] of queue) {
    const state = States[to];
    if (state === undefined) found.push(`${from}: no state ${to}`);
    if (state === undefined || reached.has(to)) continue;
    reached.add(to);
    const next = nextOf(state);
    if (!ends(state) && !goesOn(state)) found.push(`${where}${to}: neither ends nor goes on`);
    queue.push(...next.map((one) => [`${where}${to}`, one] as const));
    if (state.Type === 'Map') found.push(...graph(state.ItemProcessor, `${where}${to}/`));
  }
  for (const name of Object.keys(States))
    if (!reached.has(name)) found.push(`${where}${name}: cannot be reached`);
  return found;
}

const ends = (state: State) =>
  state.Type === 'Succeed' || state.Type === 'Fail' || ('End' in state && state.End === true);

/** A Catch does not count: it is taken when something fails. */
const goesOn = (state: State) => ('Next' in state && state.Next !== undefined) || state.Type === 'Choice';

function nextOf(state: State): readonly string[] {
  const next: (string | undefined)[] = [];
  if ('Next' in state) next.push(state.Next);
  if (state.Type === 'Choice') next.push(state.Default, ...state.Choices.map(({ Next }) => Next));
  if ('Catch' in state) next.push(...(state.Catch ?? []).map(({ Next }) => Next));
  return next.filter((one) => one !== undefined);
}

/** Every Task has an end, another try, and a drawn way on for what is unexpected. */
function guards({ States }: Machine, where: string): string[] {
  const found: string[] = [];
  for (const [name, state] of Object.entries(States)) {
    const at = `${where}${name}`;
    if (state.Type === 'Choice') {
      if (state.Default === undefined) found.push(`${at}: expected a Default`);
      if (flat(state.Choices).some(({ Variable, And }) => Variable === undefined && And === undefined))
        found.push(`${at}: expected a Variable in each rule`);
    }
    if (state.Type !== 'Task' && state.Type !== 'Map') continue;
    if (!catchesAll(state) && !isSafe(state)) found.push(`${at}: expected a Catch of States.ALL`);
    if (state.Type === 'Map') {
      found.push(...guards(state.ItemProcessor, `${at}/`));
      continue;
    }
    if (!(Number(state.TimeoutSeconds) > 0)) found.push(`${at}: expected TimeoutSeconds`);
    if ((state.Retry ?? []).length === 0) found.push(`${at}: expected a Retry`);
    for (const retrier of state.Retry ?? [])
      if (retrier.JitterStrategy !== 'FULL') found.push(`${at}: expected JitterStrategy FULL in each Retry`);
  }
  return found;
}

const catchesAll = ({ Catch }: TaskState | MapState) =>
  Catch?.some(({ ErrorEquals }) => ErrorEquals.length === 1 && ErrorEquals[0] === 'States.ALL') ?? false;

/** A Map none of whose items can fail: each Task in it catches, and none of its states is Fail. */
const isSafe = (state: TaskState | MapState): boolean =>
  state.Type === 'Map' &&
  Object.values(state.ItemProcessor.States).every(
    (one) => one.Type !== 'Fail' && (one.Type !== 'Task' || catchesAll(one)) && one.Type !== 'Map',
  );

/** A Task is named as the folder of the function that it calls, or {@link CALLS} says which that is. */
function names({ States }: Machine, where: string): string[] {
  return Object.entries(States).flatMap(([name, state]) => {
    if (state.Type === 'Map') return names(state.ItemProcessor, `${where}${name}/`);
    if (state.Type !== 'Task') return [];
    const called = /\$\{(\w+)Arn\}/.exec(JSON.stringify([state.Resource, state.Parameters ?? null]))?.[1];
    const expected = pascalCase(CALLS[name] ?? '') || name;
    return called === expected
      ? []
      : [`${where}${name}: expected to call ${expected}, got ${called ?? 'nothing'}`];
  });
}

/** The comment says how long all retries wait at most. */
function comment(machine: Machine): string[] {
  const sum = budget(machine);
  const said = /at most (\d+) s in all/.exec(machine.Comment ?? '')?.[1];
  return said === String(sum)
    ? []
    : [`Comment: expected "Retries wait at most ${sum} s in all", got ${said ?? 'none'}`];
}

function budget({ States }: Machine): number {
  return Object.values(States).reduce((sum, state) => {
    const own = 'Retry' in state ? (state.Retry ?? []).reduce((s, one) => s + retryBudget(one), 0) : 0;
    return sum + own + (state.Type === 'Map' ? budget(state.ItemProcessor) : 0);
  }, 0);
}
