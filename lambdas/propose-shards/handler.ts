import * as z from 'zod';
import { KeyTrackers } from '../../adapters/aws/key-trackers.ts';
import { Modes } from '../../adapters/aws/modes.ts';
import { ProposalItems } from '../../adapters/aws/proposal-items.ts';
import { Records } from '../../adapters/aws/records.ts';
import { ReportedKeys } from '../../adapters/aws/reported-keys.ts';
import { propose } from '../../flows/propose.ts';
import type { ProposeParts } from '../../flows/propose-parts.ts';
import { startOf } from '../lib/async.ts';
import { logsClient, s3Client } from '../lib/clients.ts';
import { lambda } from '../lib/handler.ts';
import { settingsStoreOf } from '../lib/settings.ts';
import { clock, eventsOf, tableOf } from '../lib/wiring.ts';

/** Looks for keys inside a shard that will deserve one of their own. The schedule says nothing. */
export const handler = lambda(
  'propose-shards',
  z.looseObject({}),
  (env): ProposeParts & { readonly warnings: string[] } => {
    const table = tableOf(env);
    const records = new Records(table);
    const warnings: string[] = [];
    const warn = (problem: string) => warnings.push(problem);
    return {
      clock,
      events: eventsOf(env),
      settings: settingsStoreOf(env),
      modes: new Modes(table),
      proposals: new ProposalItems(table),
      counts: new ReportedKeys({ client: logsClient(), group: env.REPORT_LOG_GROUP, clock, warn }),
      trackers: new KeyTrackers(s3Client(), env.BUCKET),
      latestPlan: () => records.latestPlan(),
      syncRoutes: startOf(env.ROUTE_SYNC_FUNCTION),
      warnings,
    };
  },
  async (_, { parts, logger }) => {
    const result = await propose(parts);
    for (const problem of parts.warnings.splice(0)) logger.warn(problem);
    for (const { what, error } of result.failures) logger.error(what, { error });
    return { ...result, failures: result.failures.length };
  },
);
