/**
 * The hourly forecast of predictive scaling. AWS's own model is not public; this one is simple and strong: a set of
 * seasonal candidates, with and without the recent level, combined by their recent errors. It sees at most the last 14
 * days, is renewed every 6 hours, and only the hours that it stays in force for are computed (AWS publishes 48).
 */

const HOUR = 60;
const DAY = 24;
const WEEK = 168;
/** Hours of data that AWS looks at. */
const MEMORY = 14 * DAY;
/** Hours between renewals. */
export const REFRESH = 6;
/** Hours ahead that are read before the next renewal, the pre-launch buffer of up to an hour included. */
const AHEAD = REFRESH + 1;
/** Weight that a candidate's past error keeps from one renewal to the next: about a week of memory. */
const FORGET = 0.96;

/** One value per whole hour: the mean or the peak of its minutes. */
export function hourlyValues(load: Float64Array, peak: boolean): Float64Array {
  const hours = new Float64Array(Math.floor(load.length / HOUR));
  for (let h = 0; h < hours.length; h++) {
    let sum = 0;
    let max = 0;
    for (let t = h * HOUR; t < (h + 1) * HOUR; t++) {
      sum += load[t]!;
      if (load[t]! > max) max = load[t]!;
    }
    hours[h] = peak ? max : sum / HOUR;
  }
  return hours;
}

/** Mean of the values `period` hours apart before `hour`, of those known and within memory; NaN when there is none. */
function seasonal(values: Float64Array, known: number, hour: number, period: number, count: number): number {
  let sum = 0;
  let n = 0;
  for (let at = hour - period; n < count && at >= Math.max(0, known - MEMORY); at -= period) {
    if (at >= known) continue;
    sum += values[at]!;
    n++;
  }
  return n === 0 ? Number.NaN : sum / n;
}

/** Recent level over what the same season said for these hours; within bounds, because troughs divide by little. */
function levelRatio(
  values: Float64Array,
  known: number,
  span: number,
  period: number,
  count: number,
): number {
  let now = 0;
  let then = 0;
  for (let h = known - span; h < known; h++) {
    const said = seasonal(values, h, h, period, count);
    if (h < 0 || Number.isNaN(said)) continue;
    now += values[h]!;
    then += said;
  }
  return then > 0 ? Math.min(4, Math.max(0.25, now / then)) : 1;
}

const SEASONS = [
  [DAY, 1],
  [DAY, 3],
  [DAY, 7],
  [DAY, 14],
  [WEEK, 1],
  [WEEK, 2],
] as const;
const LEVEL_SPANS = [0, 3, 24] as const;
const CANDIDATES = SEASONS.length * LEVEL_SPANS.length + 1;

/** All candidates for the hours `known … known + AHEAD − 1`, `AHEAD` values per candidate; NaN when unknowable. */
function candidates(values: Float64Array, known: number, out: Float64Array): void {
  let at = 0;
  for (const [period, count] of SEASONS) {
    for (const span of LEVEL_SPANS) {
      const level = span === 0 ? 1 : levelRatio(values, known, span, period, count);
      for (let k = 0; k < AHEAD; k++) {
        out[at++] = level * seasonal(values, known, known + k, period, count);
      }
    }
  }
  for (let k = 0; k < AHEAD; k++) out[at++] = known > 0 ? values[known - 1]! : Number.NaN;
}

/**
 * Forecasts for every hour of the trace, as they stood at that hour and, for the pre-launch, before it: `inForce[h]`
 * was made at the last renewal at or before hour h, `before[h]` at the last one before hour h began. Values are `NaN` where nothing was known.
 * @param delay minutes by which metrics are late: with any, the hour that has just ended is not complete yet
 */
export function hourlyForecast(
  values: Float64Array,
  delay: number,
): { inForce: Float64Array; before: Float64Array } {
  const hours = values.length;
  const inForce = new Float64Array(hours + 1).fill(Number.NaN);
  const before = new Float64Array(hours + 1).fill(Number.NaN);
  const late = Math.ceil(delay / HOUR);
  const errors = new Float64Array(CANDIDATES);
  let previous = new Float64Array(CANDIDATES * AHEAD).fill(Number.NaN);
  let current = new Float64Array(CANDIDATES * AHEAD);
  let previousKnown = -1;
  for (let origin = 0; origin <= hours; origin += REFRESH) {
    const known = origin - late;
    if (known < 1) continue;
    if (previousKnown >= 0) score(values, previous, previousKnown, known, errors);
    candidates(values, known, current);
    for (let k = 0; k < AHEAD - late && origin + k <= hours; k++) {
      const value = combine(current, k + late, errors);
      before[origin + k] = k === 0 ? before[origin]! : value;
      if (k < REFRESH) inForce[origin + k] = value;
    }
    previousKnown = known;
    [previous, current] = [current, previous];
  }
  return { inForce, before };
}

/** Adds the errors of the forecasts made at `made`, now that the hours up to `known` are seen. */
function score(
  values: Float64Array,
  forecasts: Float64Array,
  made: number,
  known: number,
  errors: Float64Array,
): void {
  const span = Math.min(known - made, AHEAD);
  for (let c = 0; c < CANDIDATES; c++) {
    let error = 0;
    for (let k = 0; k < span; k++) {
      const said = forecasts[c * AHEAD + k]!;
      // A candidate that had nothing to say is scored as if it had said zero.
      error += Math.abs(values[made + k]! - (Number.isNaN(said) ? 0 : said));
    }
    errors[c] = FORGET * errors[c]! + error;
  }
}

/** Mean of the candidates, weighted by the inverse of their error to the fourth: close to the best, less erratic. */
function combine(forecasts: Float64Array, k: number, errors: Float64Array): number {
  let best = Number.POSITIVE_INFINITY;
  for (let c = 0; c < CANDIDATES; c++) {
    if (!Number.isNaN(forecasts[c * AHEAD + k]!)) best = Math.min(best, errors[c]!);
  }
  let sum = 0;
  let weights = 0;
  for (let c = 0; c < CANDIDATES; c++) {
    const said = forecasts[c * AHEAD + k]!;
    if (Number.isNaN(said)) continue;
    const share = errors[c]! > 0 ? (best / errors[c]!) ** 4 : 1;
    sum += share * said;
    weights += share;
  }
  return weights > 0 ? sum / weights : Number.NaN;
}
