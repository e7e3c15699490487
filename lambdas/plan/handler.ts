import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { StepWorkflows } from '../../adapters/aws/workflows.ts';
import { type MinuteResult, minute } from '../../flows/minute.ts';
import { startOf } from '../lib/async.ts';
import { autoScalingClient, cloudWatchClient, logsClient, sfnClient } from '../lib/clients.ts';
import { machinesOf } from '../lib/fleet.ts';
import { lambda, type Working } from '../lib/handler.ts';
import { METRICS, type MetricName } from '../lib/metric-names.ts';
import { settingsStoreOf } from '../lib/settings.ts';
import { clock, eventsOf, hostsOf, loadBalancerOf, tableOf } from '../lib/wiring.ts';
import { metricsOf } from './metrics.ts';
import { planParts } from './parts.ts';

/** The tick, each minute by schedule, and whenever an instance arrives or Spot takes one. The event says nothing. */
export const handler = lambda(
  'plan',
  z.looseObject({}),
  (env) => {
    const warnings: string[] = [];
    const parts = planParts({
      clock,
      table: tableOf(env),
      autoScaling: autoScalingClient(),
      ec2: machinesOf(),
      groups: { steady: env.STEADY_GROUP, spot: env.SPOT_GROUP },
      cloudWatch: cloudWatchClient(),
      logs: logsClient(),
      reportGroup: env.REPORT_LOG_GROUP,
      loadBalancer: loadBalancerOf(env),
      hosts: hostsOf(env),
      events: eventsOf(env),
      workflows: new StepWorkflows(sfnClient(), {
        move: env.MOVE_MACHINE,
        'hand-over': env.HAND_OVER_MACHINE,
        'activate-standby': env.STANDBY_MACHINE,
      }),
      settings: settingsStoreOf(env),
      start: { routeSync: startOf(env.ROUTE_SYNC_FUNCTION), pollTargets: startOf(env.POLL_FUNCTION) },
      warn: (problem) => warnings.push(problem),
    });
    return { parts, warnings };
  },
  async (_, working) => {
    const { parts, warnings } = working.parts;
    const endsAt = parts.clock.now() + working.remaining() / 1000;
    const result = await minute(parts, { holder: randomUUID(), endsAt });
    for (const problem of warnings.splice(0)) working.logger.warn(problem);
    return say(result, working);
  },
);

type Saying = Pick<Working<'plan', unknown>, 'logger' | 'metrics'>;

/** Logs what a person wants to know of a tick and publishes its metrics. @returns the same in short */
export function say(result: MinuteResult, { logger, metrics }: Saying) {
  if (result.outcome === 'skipped') {
    logger.info('tick skipped: another one plans, and will plan once more');
    return { outcome: result.outcome };
  }
  for (const { what, error } of result.failures) logger.error(what, { error });
  let moves = 0;
  let actions = 0;
  for (const round of result.rounds) {
    const values = Object.entries(metricsOf(round)) as [MetricName, number][];
    for (const [name, value] of values) metrics.addMetric(name, METRICS[name].unit, value);
    for (const refused of round.tick?.refused ?? []) logger.warn('refused', { ...refused });
    moves += round.tick?.moves.length ?? 0;
    actions += round.tick?.actions.length ?? 0;
  }
  // The lease itself could not be had: a tick is missing all the same.
  if (result.rounds.length === 0) metrics.addMetric('GoodTick', METRICS.GoodTick.unit, 0);
  const { outcome, failures } = result;
  return { outcome, moves, actions, failures: failures.length, rounds: result.rounds.length };
}
