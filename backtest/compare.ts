import { leadsOf, planningHorizons } from '../core/capacity/horizons.ts';
import { lookAhead } from '../core/capacity/look-ahead.ts';
import { unmetPrice } from '../core/capacity/shard-views.ts';
import { createForecaster } from '../core/forecast/create.ts';
import type { Settings } from '../core/settings/schema.ts';
import { MINUTE } from '../core/time.ts';
import { indicatorsOf, type NamedIndicators } from './input/indicators.ts';
import type { LoadTrace, Window } from './load.ts';
import { DEFAULT_MODEL, type ModelConfig, type ModelTrace, type Outcome } from './model/model.ts';
import { hoursAt, paretoFront } from './model/pareto.ts';
import { clairvoyantFront } from './policies/clairvoyant.ts';
import { Ours } from './policies/ours.ts';
import { PEERS, sweep } from './policies/sweep.ts';
import type { Comparison, PolicyResult } from './report/run-record.ts';

export interface CompareInput {
  /** 1-minute steps, columns in the order of the settings' shards. */
  readonly trace: LoadTrace;
  readonly window: Window;
  readonly settings: Settings;
  /** Series that may lead the load, by shard. @default none but the sum of the others */
  readonly indicators?: NamedIndicators;
}

/**
 * Ours and the peers on the same load in the minute model: no Spot, no failures, no queues, whole instances, so that
 * only the decisions differ. Peers get the knobs that suit them best in hindsight at our unmet load; ours runs as set.
 * @param onProgress called with the parts done and all parts
 */
export function compare(input: CompareInput, onProgress: (done: number, all: number) => void): Comparison {
  const { settings } = input;
  const trace = modelTrace(input);
  const config = modelConfig(settings);
  const all = PEERS.length + 2;
  const price = settings.costs.instanceHour;
  const mine = runOurs(input, trace, config);
  onProgress(1, all);
  const ours = result('Foreshard', mine[0]!, price, mine);
  const { unmet } = ours;
  const atOurUnmet: { policy: string; hours?: number }[] = [];
  const peers = PEERS.map((peer, i): PolicyResult => {
    const outcomes = sweep(peer, trace, config, [unmet]);
    const hours = hoursAt(paretoFront(outcomes), unmet);
    atOurUnmet.push({ policy: titleOf(peer.name), ...(hours !== undefined && { hours }) });
    onProgress(2 + i, all);
    return result(titleOf(peer.name), nearest(outcomes, unmet), price, outcomes);
  });
  const shares = mine.map((one) => one.unmet);
  const bounds = clairvoyantFront(trace, config, shares).map(({ hours }, i) => ({
    knobs: 'knows the load; nothing can need less',
    hours,
    unmet: shares[i]!,
  }));
  peers.push(result(CLAIRVOYANT, bounds[0]!, price, bounds));
  atOurUnmet.push({ policy: CLAIRVOYANT, hours: bounds[0]!.hours });
  onProgress(all, all);
  return { ours, peers, atOurUnmet, sentence: sentence(ours, atOurUnmet, bounds[0]!.hours) };
}

const CLAIRVOYANT = 'Clairvoyant bound';

/** Names that people know, for tables and sentences. */
const TITLES: Readonly<Record<string, string>> = {
  'static-peak': 'Static peak',
  'target-tracking': 'Target tracking',
  'target-tracking-warm': 'Target tracking, warm pool',
  'target-tracking-fast': 'Target tracking, 10 s metrics',
  'target-tracking-fast-warm': 'Target tracking, 10 s metrics, warm pool',
  'aws-predictive': 'AWS predictive scaling',
  'aws-predictive-fast': 'AWS predictive scaling, 10 s metrics',
  'aws-usual': 'AWS predictive scaling at its usual 70 %',
};

function titleOf(policy: string): string {
  return TITLES[policy] ?? policy;
}

function modelTrace({ trace, window, settings }: CompareInput): ModelTrace {
  return {
    name: trace.name,
    shards: settings.shards.map(({ name }) => name),
    load: trace.values.map((values) =>
      values.slice(0, window.end).map((load) => (Number.isNaN(load) ? 0 : load)),
    ),
    peaks: settings.shards.map(({ capacity }) => capacity.perInstance * DEFAULT_MODEL.peakInstances),
    history: window.history,
    start: trace.start,
  };
}

function modelConfig(settings: Settings): ModelConfig {
  const { start, cold, drain } = leadsOf(settings);
  return {
    peakInstances: DEFAULT_MODEL.peakInstances,
    delay: Math.round(settings.metrics.delay / MINUTE),
    lead: { warm: start, cold, drain },
    stopped: settings.costs.stoppedShare,
  };
}

/** Ours as set, then with unmet load worth less and more, for its front. */
const WORTHS = [1, 0.4, 2.5];

function runOurs(input: CompareInput, trace: ModelTrace, config: ModelConfig): Outcome[] {
  const { settings, window } = input;
  const capacity = settings.shards.map((shard) => shard.capacity.perInstance);
  const mean = capacity.reduce((a, b) => a + b, 0) / capacity.length;
  const perUnit = settings.shards.map((shard) => unmetPrice(shard, settings) / settings.costs.instanceHour);
  const ours = WORTHS.map((factor) => {
    const scaled = perUnit.map((worth) => factor * worth);
    return new Ours(trace, config, (scaled.reduce((a, b) => a + b, 0) / scaled.length) * mean, scaled);
  });
  const leading = indicatorsOf(input.trace, input.indicators);
  const forecasters = trace.shards.map((shard) =>
    createForecaster(settings, shard, undefined, leading(shard)),
  );
  const horizons = planningHorizons(settings);
  for (let t = 0; t < window.end; t++) {
    const now = trace.start + t * MINUTE;
    if (t > config.delay) {
      const known = t - 1 - config.delay;
      const time = trace.start + known * MINUTE;
      for (const [s, one] of forecasters.entries()) one.observe({ time, load: trace.load[s]![known]! });
    }
    if (t < window.history) continue;
    const ahead = forecasters.map((one) => lookAhead(one.forecast(now, horizons)));
    for (const one of ours) one.step(ahead, (s) => trace.load[s]![t]!);
  }
  return ours.map((one) => one.outcome());
}

/** The cheapest setting that leaves no more unmet than ours; else the one that leaves least. */
function nearest(outcomes: readonly Outcome[], unmet: number): Outcome {
  const good = outcomes.filter((one) => one.unmet <= unmet);
  if (good.length > 0) return good.reduce((a, b) => (b.hours < a.hours ? b : a));
  return outcomes.reduce((a, b) => (b.unmet < a.unmet ? b : a));
}

function result(
  policy: string,
  { hours, unmet, knobs }: Outcome,
  price: number,
  outcomes: readonly Outcome[],
): PolicyResult {
  const front = paretoFront(outcomes).map((one) => ({ unmet: one.unmet, hours: one.hours }));
  return { policy, hours, cost: hours * price, unmet, knobs, front };
}

function sentence(ours: PolicyResult, at: Comparison['atOurUnmet'], bound: number): string {
  const unmet = `${(ours.unmet * 100).toPrecision(2)} %`;
  const real = at.filter(({ policy, hours }) => hours !== undefined && policy !== CLAIRVOYANT);
  const best = real.reduce<{ policy: string; hours: number } | undefined>(
    (least, { policy, hours }) =>
      least === undefined || hours! < least.hours ? { policy, hours: hours! } : least,
    undefined,
  );
  const near = `A clairvoyant would need ${percent(bound / ours.hours)} of our hours.`;
  if (best === undefined)
    return `No policy of AWS comes down to the ${unmet} of the load that we leave unmet. ${near}`;
  const ratio = ours.hours / best.hours;
  const change =
    ratio <= 1
      ? `Foreshard would have saved ${percent(1 - ratio)} of the instance-hours`
      : `Foreshard would have cost ${percent(ratio - 1)} more instance-hours`;
  return `${change} of the best policy of AWS (${best.policy}, its knobs chosen in hindsight) at the same unmet load, ${unmet}. ${near}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
