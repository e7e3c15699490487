import type { FunctionName } from '../lambdas/environment.ts';

/** How a function is run. */
export interface Shape {
  /** What it is for; its description on AWS. */
  readonly about: string;
  /** MiB. One vCPU comes with 1,769. */
  readonly memory: number;
  /** Seconds. */
  readonly timeout: number;
  /**
   * Invoked without anybody waiting: how often Lambda tries again, and for how long an event is worth trying (s).
   * What fails to the last goes to the queue of failed events.
   */
  readonly async?: { readonly retries: 0 | 1 | 2; readonly maxAge: number };
}

const STEP = { memory: 512, timeout: 30 } as const;

/**
 * No function reserves concurrency: a new account has 10 in all and refuses any reservation, and what must not run
 * twice at once (plan, poll-targets) holds a lease in the table: the second one ends at once.
 */
export const SHAPES: Readonly<Record<FunctionName, Shape>> = {
  plan: {
    about:
      'Every minute: reads the fleet and the forecasts, plans, starts moves, sets the size of the groups',
    memory: 1769,
    timeout: 55,
    // The next minute's tick is better than this minute's repeated.
    async: { retries: 0, maxAge: 60 },
  },
  forecast: {
    about: 'Every few minutes: forecasts the load of each shard',
    memory: 1769,
    timeout: 300,
    async: { retries: 0, maxAge: 300 },
  },
  'claim-slice': { about: 'move: claims a slice and starts its drain', ...STEP },
  'await-target': { about: 'move: waits for a state of a target, by task token', ...STEP },
  // Two hooks of a minute each: out of the old shard, into the new one.
  'activate-slice': {
    about: 'move: activates a slice in a shard and registers it',
    memory: 512,
    timeout: 150,
  },
  'commit-move': { about: 'move: writes the new placement', ...STEP },
  'undo-move': { about: 'move: the way back', memory: 512, timeout: 90 },
  // It waits most of the time, and waiting is charged by memory.
  'poll-targets': {
    about: 'Reads target health: what moves wait for first, then every group in turn',
    memory: 256,
    timeout: 900,
    // The next one starts within a minute.
    async: { retries: 0, maxAge: 60 },
  },
  'wake-instance': { about: 'activate-standby: starts an instance', ...STEP },
  'place-standby': { about: 'activate-standby: places its slices', ...STEP },
  'note-interruption': { about: 'hand-over: lists what leaves an instance, and when', ...STEP },
  'hand-over-slots': { about: 'move: hands what a slice holds to others of its shard', ...STEP },
  'open-hand-over': { about: 'hand-over: finds who takes over, and has the copy begin', ...STEP },
  'await-hand-over': { about: 'hand-over: looks how far the copy is', ...STEP },
  'redirect-traffic': { about: 'hand-over: sends traffic to the slice that took over', ...STEP },
  'evacuate-slice': { about: 'hand-over: takes a slice out of service', memory: 512, timeout: 90 },
  'finish-evacuation': { about: 'hand-over: says how it ended', ...STEP },
  'instance-events': {
    about: 'Reads what EC2 and Auto Scaling say of instances',
    memory: 512,
    timeout: 60,
    async: { retries: 2, maxAge: 3600 },
  },
  'route-sync': {
    about: 'Makes target groups and listener rules as the settings say',
    memory: 512,
    timeout: 900,
    async: { retries: 2, maxAge: 3600 },
  },
  'propose-shards': {
    about: 'Every five minutes: looks for keys inside a shard that will deserve one of their own',
    memory: 1024,
    timeout: 120,
    async: { retries: 0, maxAge: 300 },
  },
  // Auto Scaling waits for two seconds.
  'termination-policy': {
    about: 'Says which instances a group may end: released ones',
    memory: 1024,
    timeout: 2,
  },
  // The gateway waits for 29 seconds at most.
  api: { about: 'Answers the HTTP API', memory: 1024, timeout: 28 },
  'shard-charts': { about: 'Draws the shards on the dashboard', memory: 1024, timeout: 20 },
};
