import type { MetricName } from '../lambdas/lib/metric-names.ts';
import type { MachineName } from '../statemachines/machines.ts';

/** What an alarm looks at: a metric of the fleet, the queue of failed events, or the failed executions of a machine. */
export type Watched =
  | { readonly metric: MetricName; readonly stat: 'Sum' | 'Minimum' | 'Maximum' | 'Average' }
  | { readonly queue: 'failed' }
  | { readonly failedExecutions: MachineName };

export interface AlarmSpec {
  /** The end of its name; its runbook is docs/runbooks/<id>.md. */
  readonly id: string;
  /** What it means, in one sentence. */
  readonly about: string;
  readonly watched: Watched;
  readonly is: '<' | '>' | '>=';
  readonly threshold: number;
  /** Minutes of one value, and how many values in a row make the alarm. */
  readonly minutes: number;
  readonly values: number;
  /** Whether no data is an alarm too. */
  readonly silence?: true;
}

/** $0.10 a month each: few, and each one worth waking somebody or looking at in the morning. */
export const ALARMS: readonly AlarmSpec[] = [
  {
    id: 'tick-stale',
    about:
      'No plan was carried out for more than three minutes: the fleet stays as it is, whatever the load does.',
    watched: { metric: 'GoodTick', stat: 'Sum' },
    is: '<',
    threshold: 1,
    minutes: 1,
    values: 3,
    silence: true,
  },
  {
    id: 'tick-slow',
    about: 'A tick takes most of its minute.',
    watched: { metric: 'TickSeconds', stat: 'Maximum' },
    is: '>',
    threshold: 40,
    minutes: 5,
    values: 2,
  },
  {
    id: 'guarantee-at-risk',
    about: 'A shard has less than it is guaranteed, for three minutes.',
    watched: { metric: 'GuaranteesAtRisk', stat: 'Minimum' },
    is: '>=',
    threshold: 1,
    minutes: 1,
    values: 3,
  },
  {
    id: 'unmet-load',
    about: 'More than 5 % of the load is above what serves it, for five minutes.',
    watched: { metric: 'UnmetShare', stat: 'Average' },
    is: '>',
    threshold: 0.05,
    minutes: 1,
    values: 5,
  },
  {
    id: 'load-late',
    about: 'The load of a shard is not known: its plan goes by the forecast alone.',
    watched: { metric: 'LoadLateShards', stat: 'Minimum' },
    is: '>=',
    threshold: 1,
    minutes: 5,
    values: 2,
  },
  {
    id: 'forecast-late',
    about: 'The forecast of a shard is old: its size is held.',
    watched: { metric: 'ForecastLateShards', stat: 'Minimum' },
    is: '>=',
    threshold: 1,
    minutes: 5,
    values: 3,
  },
  {
    id: 'moves-failing',
    // From the third in a row on a shard has one move at a time (flows/brake.ts): a higher bound might not be reached.
    about: 'Three moves or more failed within a quarter of an hour.',
    watched: { metric: 'MoveFailures', stat: 'Sum' },
    is: '>=',
    threshold: 3,
    minutes: 15,
    values: 1,
  },
  {
    id: 'move-abandoned',
    about: 'An execution of move ended unexpectedly, also on its way back.',
    watched: { failedExecutions: 'move' },
    is: '>=',
    threshold: 1,
    minutes: 5,
    values: 1,
  },
  {
    id: 'hand-over-abandoned',
    about:
      'An execution of hand-over ended unexpectedly: an interrupted instance may have gone with its slices in service.',
    watched: { failedExecutions: 'hand-over' },
    is: '>=',
    threshold: 1,
    minutes: 5,
    values: 1,
  },
  {
    id: 'drift',
    about: 'Much had to be put right that nobody planned: somebody or something else changes the fleet.',
    watched: { metric: 'DriftCorrected', stat: 'Sum' },
    is: '>=',
    threshold: 20,
    minutes: 15,
    values: 1,
  },
  {
    id: 'events-failed',
    about: 'An event or an asynchronous call failed to the last try and lies in the queue of failed events.',
    watched: { queue: 'failed' },
    is: '>=',
    threshold: 1,
    minutes: 5,
    values: 1,
  },
];
