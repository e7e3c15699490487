import { Distribution } from '../forecast/distribution.ts';
import type { Forecast } from '../forecast/forecast.ts';
import { LOOK_AHEAD_TICKS, TICK } from './horizons.ts';

/** A shard's load to come as the planner eats it: one distribution per tick from now on, then coarse ones. */
export interface LookAhead {
  /** `ticks[h]`: the load of the tick that begins `h` ticks from now. */
  readonly ticks: readonly Distribution[];
  /** Beyond the ticks, ascending by minutes ahead. */
  readonly coarse: readonly { readonly minutes: number; readonly load: Distribution }[];
}

/** A forecast is immutable, and plans between two measurements share it. A memo only: it changes no answer. */
const memo = new WeakMap<Forecast, LookAhead>();

/** @param count how many ticks from now on are wanted. */
export function lookAhead(forecast: Forecast, count: number = LOOK_AHEAD_TICKS + 1): LookAhead {
  const known = memo.get(forecast);
  if (known?.ticks.length === count) return known;
  const { horizons } = forecast;
  if (horizons.length === 0) {
    throw new RangeError(`forecast of ${forecast.shard}: expected at least one horizon, got none`);
  }
  const ticks: Distribution[] = [];
  let next = 0;
  for (let h = 0; h < count; h++) {
    const ahead = h * TICK;
    while (next < horizons.length && horizons[next]!.ahead < ahead) next++;
    const upper = horizons[Math.min(next, horizons.length - 1)]!;
    const lower = horizons[Math.max(0, next - 1)]!;
    const between = upper.ahead > ahead && lower.ahead < ahead;
    ticks.push(
      between
        ? new Distribution(
            lower.quantiles,
            upper.quantiles,
            (ahead - lower.ahead) / (upper.ahead - lower.ahead),
          )
        : new Distribution(upper.quantiles),
    );
  }
  const coarse = horizons
    .filter(({ ahead }) => ahead >= count * TICK)
    .map(({ ahead, quantiles }) => ({ minutes: ahead / 60, load: new Distribution(quantiles) }));
  const made = { ticks, coarse };
  memo.set(forecast, made);
  return made;
}
