import { keysOf } from './paths.ts';

/**
 * The part of the Amazon States Language that Foreshard's machines keep to: JSONPath, no variables, no filters, no
 * heartbeats (docs/state-machines.md says why). What is not here is refused when a machine is read.
 */

export interface Machine {
  readonly Comment?: string;
  readonly QueryLanguage?: 'JSONPath';
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath?: string | null;
  readonly Next: string;
}

interface Common {
  readonly Comment?: string;
}
interface Onward extends Common {
  readonly Next?: string;
  readonly End?: true;
}
interface Guarded {
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
}

export interface TaskState extends Onward, Guarded {
  readonly Type: 'Task';
  /** ARN of a function, or the invoke integration, with `.waitForTaskToken` or without. */
  readonly Resource: string;
  readonly Parameters?: unknown;
  readonly ResultPath?: string | null;
  readonly TimeoutSeconds?: number;
}

export interface MapState extends Onward, Guarded {
  readonly Type: 'Map';
  readonly ItemsPath: string;
  readonly ItemSelector?: unknown;
  readonly ItemProcessor: Machine & {
    readonly ProcessorConfig: { readonly Mode: 'INLINE' | 'DISTRIBUTED'; readonly ExecutionType?: string };
  };
  readonly MaxConcurrency?: number;
  /** Only in mode DISTRIBUTED. */
  readonly ToleratedFailurePercentage?: number;
  readonly Label?: string;
  readonly ResultPath?: string | null;
}

export interface WaitState extends Onward {
  readonly Type: 'Wait';
  readonly Seconds?: number;
  readonly TimestampPath?: string;
}

export interface PassState extends Onward {
  readonly Type: 'Pass';
  readonly Parameters?: unknown;
  readonly ResultPath?: string | null;
}

export interface Rule {
  readonly Variable?: string;
  readonly StringEquals?: string;
  readonly BooleanEquals?: boolean;
  readonly IsPresent?: boolean;
  readonly And?: readonly Rule[];
  readonly Next?: string;
}

export interface ChoiceState extends Common {
  readonly Type: 'Choice';
  readonly Choices: readonly (Rule & { readonly Next: string })[];
  readonly Default?: string;
}

export interface SucceedState extends Common {
  readonly Type: 'Succeed';
  readonly OutputPath?: string;
}

export interface FailState extends Common {
  readonly Type: 'Fail';
  readonly Error: string;
  readonly Cause: string;
}

export type State = TaskState | MapState | WaitState | PassState | ChoiceState | SucceedState | FailState;

const ONWARD = ['Type', 'Comment', 'Next', 'End'];
const GUARDED = ['Retry', 'Catch', 'ResultPath'];
const FIELDS: Readonly<Record<State['Type'], readonly string[]>> = {
  Task: [...ONWARD, ...GUARDED, 'Resource', 'Parameters', 'TimeoutSeconds'],
  Map: [
    ...ONWARD,
    ...GUARDED,
    'ItemsPath',
    'ItemSelector',
    'ItemProcessor',
    'MaxConcurrency',
    'ToleratedFailurePercentage',
    'Label',
  ],
  Wait: [...ONWARD, 'Seconds', 'TimestampPath'],
  Pass: [...ONWARD, 'Parameters', 'ResultPath'],
  Choice: ['Type', 'Comment', 'Choices', 'Default'],
  Succeed: ['Type', 'Comment', 'OutputPath'],
  Fail: ['Type', 'Comment', 'Error', 'Cause'],
};
const MACHINE = ['Comment', 'QueryLanguage', 'StartAt', 'States'];
const RULE = ['Variable', 'StringEquals', 'BooleanEquals', 'IsPresent', 'And', 'Next'];

/** What the machine uses besides that part of the language: one line per field, with its place. */
export function unsupported(machine: Machine, where = ''): string[] {
  const found: string[] = [];
  const extra = (at: string, value: object, known: readonly string[]) => {
    for (const key of Object.keys(value))
      if (!known.includes(key)) found.push(`${at}: ${key} is not supported`);
  };
  extra(where || 'machine', machine, where === '' ? MACHINE : [...MACHINE, 'ProcessorConfig']);
  if (machine.QueryLanguage !== undefined && machine.QueryLanguage !== 'JSONPath')
    found.push(`${where || 'machine'}: QueryLanguage: expected JSONPath, got ${machine.QueryLanguage}`);
  for (const [name, state] of Object.entries(machine.States)) {
    const at = `${where}${name}`;
    const known = FIELDS[state.Type];
    if (known === undefined) found.push(`${at}: Type: expected one of ${Object.keys(FIELDS).join(', ')}`);
    else extra(at, state, known);
    for (const path of pathsOf(state)) {
      try {
        keysOf(path.startsWith('$$') ? path.slice(1) : path);
      } catch (error) {
        found.push(`${at}: ${(error as Error).message}`);
      }
    }
    if (state.Type === 'Choice') for (const rule of flat(state.Choices)) extra(at, rule, RULE);
    if (state.Type === 'Map') found.push(...unsupported(state.ItemProcessor, `${at}/`));
  }
  return found;
}

/** Every path of a state, those of states inside a Map left out. */
function pathsOf(value: unknown, key = ''): readonly string[] {
  if (typeof value === 'string') return /(Path|\.\$|^Variable)$/.test(key) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'ItemProcessor' ? [] : pathsOf(inner, name),
  );
}

/** Rules with those inside an And. */
export function flat(rules: readonly Rule[]): readonly Rule[] {
  return rules.flatMap((rule) => [rule, ...flat(rule.And ?? [])]);
}
