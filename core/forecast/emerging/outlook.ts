/** Hours that are looked ahead. */
export const AHEAD = 24;
/** Load is sustained when it is there, on average, for so many hours. */
export const SUSTAINED = 6;
/** Hours whose mean is the level of now: shorter than this is a spike. */
const NOW = 3;
const DAY = 24;
/** Growth from one day to the next is believed within these. */
const GROWTH: readonly [number, number] = [0.5, 2];
/** Of growth within hours so much goes on for as long again, and so much of that, and so on. */
const GOES_ON = 0.3;
/** Of what it is above yesterday at this hour, half is growth and half that today is early. */
const BELIEVED = 0.5;
const RISING = 1.25;

/** What the errors of a prediction are like depends on this. */
export const KINDS = ['steady', 'rising', 'falling', 'returning'] as const;
export type Kind = (typeof KINDS)[number];

export interface Outlook {
  readonly kind: Kind;
  /** The highest mean of {@link SUSTAINED} hours in a row that is expected within {@link AHEAD} hours. */
  readonly peak: number;
  /** Expected load of each of these hours. */
  readonly hours: readonly number[];
}

/** Mean of the values from `from` to before `to` that are known; `NaN` where none is. */
export function mean(values: ArrayLike<number>, from: number, to: number): number {
  let [sum, count] = [0, 0];
  for (let i = Math.max(0, from); i < Math.min(to, values.length); i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return count > 0 ? sum / count : Number.NaN;
}

/** The middle one of the values that are known; `NaN` where none is. An hour that is unlike its neighbours says nothing. */
function median(values: ArrayLike<number>, from: number, to: number): number {
  const known = Array.prototype.slice
    .call(values, Math.max(0, from), Math.max(0, to))
    .filter((value) => !Number.isNaN(value)) as number[];
  return known.length === 0 ? Number.NaN : known.sort((a, b) => a - b)[(known.length - 1) >> 1]!;
}

/** The highest mean of {@link SUSTAINED} values in a row; of all of them where there are fewer, 0 of none. */
export function sustained(values: ArrayLike<number>): number {
  let most = 0;
  const last = Math.max(0, values.length - SUSTAINED);
  for (let from = 0; from <= last; from++) {
    const level = mean(values, from, from + SUSTAINED);
    if (level > most) most = level;
  }
  return most;
}

/**
 * What the load of a key will be in the hours to come: half as its level and the growth of these hours say, half as
 * yesterday's hours and a part of the growth since then do.
 * @param past its load hour by hour up to now, `NaN` where it is not known
 */
export function outlookOf(past: ArrayLike<number>): Outlook {
  const end = past.length;
  const level = known(median(past, end - NOW, end), 0);
  const before = known(median(past, end - 2 * NOW, end - NOW), level);
  const yesterday = median(past, end - DAY - NOW, end - DAY);
  const growth = level > 0 && yesterday > 0 ? clamp(level / yesterday, GROWTH) : Number.NaN;
  const step = level > 0 && before > 0 ? Math.log(clamp(level / before, GROWTH)) : 0;
  // What a season does within hours, yesterday's same hours did too; only the rest is growth.
  const usual = median(past, end - DAY - 2 * NOW, end - DAY - NOW);
  const seasonal = yesterday > 0 && usual > 0 ? Math.log(clamp(yesterday / usual, GROWTH)) : 0;
  const trend = step - seasonal;
  const hours = Array.from({ length: AHEAD }, (_, j) => {
    const goneOn = (GOES_ON * (1 - GOES_ON ** ((j + 1) / NOW))) / (1 - GOES_ON);
    const straight = level * Math.exp(trend * goneOn);
    const then = median(past, end - DAY + j - 1, Math.min(end, end - DAY + j + 2));
    return Number.isNaN(growth) || Number.isNaN(then) ? straight : (straight + then * growth ** BELIEVED) / 2;
  });
  const change = Number.isNaN(growth) ? Math.exp(trend) : growth;
  const kind = change > RISING ? 'rising' : change < 1 / RISING ? 'falling' : 'steady';
  return { kind, peak: sustained(hours), hours };
}

const known = (value: number, otherwise: number) => (Number.isNaN(value) ? otherwise : value);
const clamp = (value: number, [low, high]: readonly [number, number]) => Math.min(high, Math.max(low, value));
