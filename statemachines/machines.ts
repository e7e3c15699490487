import { readFileSync } from 'node:fs';
import type { Machine } from '../adapters/local/asl/definition.ts';
import type { FunctionName } from '../lambdas/environment.ts';

/** The machines: which there are, the functions that each calls, and their files with the tokens replaced. */

export type MachineName = 'move' | 'activate-standby' | 'hand-over' | 'forecast-fleet';

/** Functions that each machine invokes: its role may invoke these, and its file has a token for each. */
export const FUNCTIONS: Readonly<Record<MachineName, readonly FunctionName[]>> = {
  move: ['claim-slice', 'hand-over-slots', 'await-target', 'activate-slice', 'commit-move', 'undo-move'],
  'activate-standby': ['wake-instance', 'place-standby'],
  'hand-over': [
    'note-interruption',
    'open-hand-over',
    'await-hand-over',
    'redirect-traffic',
    'evacuate-slice',
    'finish-evacuation',
  ],
  'forecast-fleet': ['forecast'],
};

export const MACHINES = Object.keys(FUNCTIONS) as readonly MachineName[];

/** States whose function is not the folder of their name. */
export const CALLS: Readonly<Record<string, FunctionName>> = {
  AwaitUnused: 'await-target',
  AwaitHealthy: 'await-target',
  AwaitWayBack: 'await-target',
  LookHealthy: 'await-target',
  LetGo: 'undo-move',
  GiveUpStandby: 'wake-instance',
  ListChunks: 'forecast',
  ForecastChunk: 'forecast',
};

/** `claim-slice` → `ClaimSlice` */
export const pascalCase = (folder: string) =>
  folder.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The token that stands for a function's ARN: `${ClaimSliceArn}`. */
export const tokenOf = (name: FunctionName) => `${pascalCase(name)}Arn`;

/** Machines that wait for task tokens name the integration by its ARN, and so the partition. */
const PARTITION: readonly MachineName[] = ['move'];

/** What each token of a machine's file is to be replaced with; one value per token, none more. */
export function substitutions(
  machine: MachineName,
  arnOf: (name: FunctionName) => string,
  partition: string,
): Readonly<Record<string, string>> {
  return {
    ...Object.fromEntries(FUNCTIONS[machine].map((name) => [tokenOf(name), arnOf(name)])),
    ...(PARTITION.includes(machine) ? { Partition: partition } : {}),
  };
}

export const machineFile = (machine: MachineName) => new URL(`${machine}.asl.json`, import.meta.url);

/** The file as it is: valid JSON, with tokens. */
export const machineText = (machine: MachineName) => readFileSync(machineFile(machine), 'utf8');

/** The machine with its tokens replaced. */
export function loadMachine(machine: MachineName, arnOf: (name: FunctionName) => string): Machine {
  let text = machineText(machine);
  for (const [token, value] of Object.entries(substitutions(machine, arnOf, 'aws')))
    text = text.replaceAll(`\${${token}}`, value);
  return JSON.parse(text);
}
