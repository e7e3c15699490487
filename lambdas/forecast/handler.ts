import * as z from 'zod';
import { CloudWatchMetrics } from '../../adapters/aws/cloudwatch.ts';
import { CloudWatchIndicators } from '../../adapters/aws/cloudwatch-indicators.ts';
import { ForecasterStates } from '../../adapters/aws/forecaster-states.ts';
import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { LoadRecords } from '../../adapters/aws/load-records.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { ForecastParts } from '../../flows/forecast.ts';
import { cloudWatchClient, s3Client } from '../lib/clients.ts';
import { lambda } from '../lib/handler.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, storeOf, tableOf } from '../lib/wiring.ts';
import { type ForecastWorld, forecast } from './work.ts';

/** `{list: true}` and `{chunk: n}` come from the machine `forecast-fleet`; the schedule says nothing. */
export const schema = z.union([
  z.object({ list: z.literal(true) }),
  z.object({ chunk: z.int().min(0) }),
  z.looseObject({ list: z.undefined().optional(), chunk: z.undefined().optional() }),
]);

/** Forecasts the load of the shards: of one chunk of them, or of all. */
export const handler = lambda(
  'forecast',
  schema,
  (env): ForecastWorld & { readonly warnings: string[] } => {
    const table = tableOf(env);
    const states = new ForecasterStates(s3Client(), env.BUCKET);
    const [records, forecasts] = [new LoadRecords(table), new ForecastStore(table)];
    const warnings: string[] = [];
    const parts = (settings: Settings): ForecastParts => {
      const warn = (problem: string) => void warnings.push(problem);
      const cloudWatch = { client: cloudWatchClient(), clock, warn, settings };
      return {
        records,
        states,
        forecasts,
        metrics: new CloudWatchMetrics({ ...cloudWatch, table, store: storeOf(env) }),
        indicators: new CloudWatchIndicators(cloudWatch),
      };
    };
    return { clock, settings: settingsOf(env), parts, warnings };
  },
  async (event, { parts, remaining, logger }) => {
    const result = await forecast(parts, event, parts.clock.now() + remaining() / 1000);
    for (const problem of parts.warnings.splice(0)) logger.warn(problem);
    if (!('chunks' in result)) {
      for (const { what, error } of result.failures) logger.error(what, { error });
      for (const warning of result.warnings) logger.warn(warning);
      for (const one of result.notable) logger.warn('forecast of a shard', { ...one });
      const { notable, failures, warnings: _, ...counts } = result;
      return { ...counts, notable: notable.length, failures: failures.length };
    }
    return result;
  },
);
