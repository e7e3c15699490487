import type { Influence, Unusual } from '../../core/forecast/forecast.ts';
import type { Seconds } from '../../core/time.ts';
import { formatNumber, formatPercent, formatSpan, formatTime } from './page/format.js';
import type { Coverage, ForecastNote } from './run-record.ts';

/** What forecasts said of themselves, for the report and for `explain`. */

/** An expert and its weight, as `Forecast.method` has them one after the other; a name may have a comma. */
const WEIGHED = /(\S.*?) (\d+(?:\.\d+)?)(?:, |$)/gy;
/** Experts that are named. */
const MOST = 4;

/** `seasonal 70 %, last value 30 %`; what has no weights stays as it is. */
export function methodWords(method: string): string {
  const weights = weightsOf(method);
  return weights === undefined ? method : sharesWords(weights);
}

/** Experts over the whole of a run, each note for as long as it stood. @param end of the run */
export function carriedBy(said: readonly ForecastNote[], end: Seconds): string | undefined {
  const sums = new Map<string, number>();
  let total = 0;
  said.forEach(({ at, method }, i) => {
    const weights = weightsOf(method);
    if (weights === undefined) return;
    const stood = (said[i + 1]?.at ?? end) - at;
    total += stood;
    for (const [expert, weight] of weights) sums.set(expert, (sums.get(expert) ?? 0) + weight * stood);
  });
  if (total > 0) return sharesWords(new Map([...sums].map(([expert, sum]) => [expert, sum / total])));
  return said.at(-1)?.method;
}

/** Each cause once, with the factor that was farthest from 1; the strongest first. */
export function strongest(said: readonly ForecastNote[]): Influence[] {
  const causes = new Map<string, Influence>();
  for (const one of said.flatMap(({ moved = [] }) => moved)) {
    const known = causes.get(one.cause);
    if (known === undefined || strength(one) > strength(known)) causes.set(one.cause, one);
  }
  return [...causes.values()].sort((a, b) => strength(b) - strength(a));
}

/** `event black-friday ×2.1, 60 min ahead`. */
export function movedWords({ cause, factor, ahead }: Influence): string {
  return `${cause} ×${formatNumber(factor)}, ${formatSpan(ahead)} ahead`;
}

/** A sentence without its full stop. @param unit of the load */
export function unusualWords(
  { kind, since, load, median, low, high, withheld }: Unusual,
  unit: string,
): string {
  const range = `${formatNumber(low)} to ${formatNumber(high)}`;
  const came = `${formatNumber(load)} ${unit} came, ${formatNumber(median)} was expected (${range} at 98 %)`;
  const then = withheld
    ? 'it is withheld from the forecast, and the last good size is held'
    : 'it is taken for true';
  return `since ${formatTime(since)} UTC: ${KINDS[kind]}; ${came}; ${then}`;
}

const KINDS: Readonly<Record<Unusual['kind'], string>> = {
  flat: 'the same value again and again',
  zero: 'nothing where there always was something',
  jump: 'many times more or less than just before',
  shift: 'a new level',
};

/** `the 10 – 90 % band held 79 % of the minutes; …`. */
export function coverageWords({ minutes, below10, above90, above99 }: Coverage): string {
  if (minutes === 0) return 'no minute to compare';
  const share = (count: number) => formatPercent(count / minutes);
  const held = share(minutes - below10 - above90);
  return `10 – 90 % held ${held} of the minutes; load was above 90 % in ${share(above90)}, above 99 % in ${share(above99)}`;
}

const strength = ({ factor }: Influence) => Math.abs(Math.log(Math.max(1e-9, factor)));

/** Undefined: it is no list of experts with weights. */
function weightsOf(method: string): Map<string, number> | undefined {
  const weights = new Map<string, number>();
  let read = 0;
  for (const [whole, expert, weight] of method.matchAll(WEIGHED)) {
    weights.set(expert!, Number(weight));
    read += whole.length;
  }
  return read === method.length && read > 0 ? weights : undefined;
}

/** Rounded to whole per cents; what has none is left out. */
function sharesWords(weights: ReadonlyMap<string, number>): string {
  const sorted = [...weights].sort(([, a], [, b]) => b - a).filter(([, weight]) => weight >= 0.005);
  const rest = sorted.slice(MOST).reduce((sum, [, weight]) => sum + weight, 0);
  const named = sorted.slice(0, MOST).map(([expert, weight]) => `${expert} ${Math.round(weight * 100)} %`);
  return [...named, ...(rest >= 0.005 ? [`others ${Math.round(rest * 100)} %`] : [])].join(', ');
}
