import loadHighs from 'highs';
import { capacities, type ModelConfig, type ModelTrace } from '../../backtest/model/model.ts';

// The package's types are those of its CommonJS build; what is imported is the loader itself.
const highs = await (loadHighs as unknown as typeof loadHighs.default)();

/**
 * Fewest instance-minutes at an unmet share, by HiGHS, of the minute model written down directly: counts per shard,
 * not levels, and flows between shards, draining, ready pool, stopped stock and launches.
 * @param whole instances are whole, as in the model; else the tightest linear relaxation per shard and minute
 */
export function exactMinutes(
  trace: ModelTrace,
  config: ModelConfig,
  unmetShare: number,
  whole: boolean,
): number {
  return solve(trace, config, { unmetShare }, whole);
}

/** Least instance-minutes + λ · unmet load, of the linear relaxation. */
export function exactLagrangian(trace: ModelTrace, config: ModelConfig, lambda: number): number {
  return solve(trace, config, { lambda }, false);
}

function solve(
  trace: ModelTrace,
  config: ModelConfig,
  goal: { readonly unmetShare: number } | { readonly lambda: number },
  whole: boolean,
): number {
  const { cold, warm, drain } = config.lead;
  const capacity = capacities(trace, config);
  const end = trace.load[0]!.length - trace.history;
  const cost: string[] = [];
  const rows: string[] = [];
  const bounds: string[] = [];
  const integers: string[] = [];
  const unmet: string[] = [];
  let load = 0;
  const earlier = (name: string, t: number) => (t >= 0 ? ` + ${name}_${t}` : '');
  for (let t = 0; t < end; t++) {
    const left = end - t;
    cost.push(`ready_${t}`, `${config.stopped} stock_${t}`);
    cost.push(`${Math.min(cold, left)} launch_${t}`, `${Math.min(warm, left)} wake_${t}`);
    let inflow = `${earlier('ready', t - 1)}${earlier('launch', t - cold)}${earlier('wake', t - warm)}`;
    let outflow = ` - ready_${t} - stop_${t} - end_${t}`;
    integers.push(`ready_${t}`, `stock_${t}`, `launch_${t}`, `wake_${t}`, `stop_${t}`, `end_${t}`);
    capacity.forEach((each, s) => {
      const value = trace.load[s]![trace.history + t]!;
      load += value;
      cost.push(`active${s}_${t}`, `${Math.min(drain, left)} release${s}_${t}`);
      integers.push(`active${s}_${t}`, `release${s}_${t}`, `take${s}_${t}`);
      bounds.push(`active${s}_${t} >= 1`);
      unmet.push(`miss${s}_${t}`);
      if ('lambda' in goal) cost.push(`${goal.lambda} miss${s}_${t}`);
      // Unmet load at whole counts, and straight lines between them: the convex hull of what whole instances can do.
      for (let n = 1; n <= Math.ceil(value / each); n++) {
        const [here, next] = [Math.max(0, value - n * each), Math.max(0, value - (n + 1) * each)];
        rows.push(`miss${s}_${t} + ${here - next} active${s}_${t} >= ${here + n * (here - next)}`);
      }
      // At the start the fleet is free: the first minute has no balance.
      if (t > 0) rows.push(`active${s}_${t} - active${s}_${t - 1} - take${s}_${t} + release${s}_${t} = 0`);
      inflow += earlier(`release${s}`, t - drain);
      outflow += ` - take${s}_${t}`;
    });
    if (t > 0) {
      rows.push(`${inflow}${outflow} = 0`);
      rows.push(`stock_${t} - stock_${t - 1} - stop_${t} + wake_${t} = 0`);
    }
  }
  if ('unmetShare' in goal) rows.push(`${unmet.join(' + ')} <= ${goal.unmetShare * load}`);
  const lines = [
    'Minimize',
    ` cost: ${cost.join(' + ')}`,
    'Subject To',
    ...rows.map((row, i) => ` r${i}: ${row}`),
    'Bounds',
    ...bounds.map((bound) => ` ${bound}`),
    ...(whole ? ['General', ` ${integers.join(' ')}`] : []),
    'End',
  ];
  const solution = highs.solve(lines.join('\n'), whole ? { mip_rel_gap: 0 } : {});
  if (solution.Status !== 'Optimal') throw new Error(`HiGHS: ${solution.Status}`);
  return solution.ObjectiveValue;
}
