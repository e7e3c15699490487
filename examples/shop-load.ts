import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { formatStamp, parseStamp } from '../core/settings/stamp.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../core/time.ts';

/**
 * SYNTHETIC load of a made-up shop, requests per second: three weeks from a Monday, UTC. No measurement went into
 * it. The first two weeks are history, the third is judged, and most of what is unusual happens there.
 */
export const START = stamp('2025-09-01T00:00:00Z');
export const STEP: Seconds = 2 * MINUTE;
export const STEPS = (21 * DAY) / STEP;
const SEED = 20_250_901;

/** The new start page with recommendations goes live: known beforehand, so it is in the calendar of shop.yaml. */
export const LAUNCH = stamp('2025-09-16T09:00:00Z');
const LAUNCH_RAMP = 2 * HOUR;
const LAUNCH_FACTOR = 1.9;
/** A television programme shows the shop: nobody knew. */
export const FLASH_CROWD = stamp('2025-09-18T19:10:00Z');
/** Reviews move to another system, reader by reader. */
const REVIEWS_LEAVE = stamp('2025-09-12T00:00:00Z');
/** The gift finder is opened to a few at first and then takes off. */
const GIFTS_OPEN = stamp('2025-09-12T08:00:00Z');
const GIFTS_TAKE_OFF = stamp('2025-09-17T12:00:00Z');

interface Shape {
  readonly name: string;
  /** Requests per second where the day's curve is 1, on a day whose factor is 1. */
  readonly scale: number;
  /** Part that is there at any hour. */
  readonly base: number;
  /** Humps of the day: hour, sharpness, height. */
  readonly humps: readonly (readonly [hour: number, sharpness: number, height: number])[];
  /** Monday to Sunday. */
  readonly week: readonly number[];
  /** Relative standard deviation of the slow noise. */
  readonly noise: number;
  /** What is special about it, as a factor. */
  readonly story?: (time: Seconds) => number;
}

const SHAPES: readonly Shape[] = [
  {
    name: 'catalog',
    scale: 1500,
    base: 0.15,
    humps: [
      [12.5, 4, 0.4],
      [19.5, 5, 0.85],
    ],
    week: [0.95, 0.92, 0.94, 0.97, 1, 1.12, 1.18],
    noise: 0.04,
    story: (time) => 1 + 1.3 * crowd(time),
  },
  {
    name: 'search',
    scale: 1100,
    base: 0.12,
    humps: [
      [10.5, 4, 0.7],
      [18.5, 5, 0.65],
    ],
    week: [1.05, 1.02, 1, 1, 0.97, 0.85, 0.9],
    noise: 0.05,
    story: (time) => 1 + 0.9 * crowd(time),
  },
  {
    name: 'checkout',
    scale: 230,
    base: 0.08,
    humps: [
      [12.8, 6, 0.35],
      [20.5, 6, 0.9],
    ],
    week: [1, 0.95, 0.95, 1, 1.05, 1.1, 1.2],
    noise: 0.06,
    story: (time) => 1 + 0.4 * crowd(time - 8 * MINUTE),
  },
  {
    name: 'recommendations',
    scale: 620,
    base: 0.18,
    humps: [[20, 3, 0.85]],
    week: [1, 1, 1, 1, 1, 1.1, 1.1],
    noise: 0.05,
    story: (time) => 1 + (LAUNCH_FACTOR - 1) * between(0, 1, (time - LAUNCH) / LAUNCH_RAMP),
  },
  {
    name: 'flash-deals',
    scale: 520,
    base: 0,
    humps: [
      [13, 8, 0.5],
      [20, 10, 0.9],
    ],
    week: [0, 0, 0, 0, 0.9, 1, 0.95],
    noise: 0.1,
    story: isOpen,
  },
  {
    name: 'reviews',
    scale: 420,
    base: 0.2,
    humps: [[21, 3, 0.8]],
    week: [1, 1, 1, 1, 1, 1, 1],
    noise: 0.05,
    story: (time) => 0.5 ** (Math.max(0, time - REVIEWS_LEAVE) / (2.5 * DAY)),
  },
  {
    name: 'seller-feed',
    scale: 460,
    base: 0.06,
    humps: [
      [2.5, 14, 0.95],
      [9.5, 8, 0.15],
    ],
    week: [1, 1, 1, 1, 1, 0.55, 0.5],
    noise: 0.07,
  },
  {
    name: 'gift-finder',
    scale: 330,
    base: 0.1,
    humps: [[17.5, 3, 0.9]],
    week: [1, 1, 1, 1, 1, 1.15, 1.15],
    noise: 0.07,
    story: (time) => (time < GIFTS_OPEN ? 0 : 1 / (1 + Math.exp(-(time - GIFTS_TAKE_OFF) / (14 * HOUR)))),
  },
];

export const SHARDS = SHAPES.map((shape) => shape.name);

/** The whole history as wide CSV; the same bytes at every run. */
export function shopLoad(): string {
  const columns = SHAPES.map((shape, s) => loadOf(shape, SEED + s));
  const lines = [`time,${SHARDS.join(',')}`];
  for (let i = 0; i < STEPS; i++) {
    lines.push([formatStamp(START + i * STEP), ...columns.map((column) => column[i])].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** One shard's load in whole requests per second. */
function loadOf(shape: Shape, seed: number): number[] {
  const normal = normals(seed);
  // Each day has its own level, as days do; it turns into the next one's over the day.
  const levels = Array.from({ length: STEPS / (DAY / STEP) + 2 }, () => Math.exp(0.04 * normal()));
  const memory = Math.exp(-STEP / (25 * MINUTE));
  let slow = 0;
  return Array.from({ length: STEPS }, (_, i) => {
    const time = START + i * STEP;
    slow = memory * slow + Math.sqrt(1 - memory ** 2) * normal();
    const day = (i * STEP) / DAY;
    const part = day - Math.floor(day);
    const level = (1 - part) * levels[Math.floor(day)]! + part * levels[Math.floor(day) + 1]!;
    const mean = shape.scale * curve(shape, time) * level * (shape.story?.(time) ?? 1);
    // Counting noise of the requests of one step on top of the slow one.
    const counted = mean * Math.exp(shape.noise * slow) + Math.sqrt(mean / 4) * normal();
    return Math.max(0, Math.round(counted));
  });
}

/** Day's curve times the factor of the weekday, which changes over the hours around midnight rather than at once. */
function curve({ base, humps, week }: Shape, time: Seconds): number {
  const hour = (((time - START) % DAY) / HOUR) as number;
  const height = humps.reduce(
    (sum, [at, sharpness, high]) =>
      sum + high * Math.exp(sharpness * (Math.cos((2 * Math.PI * (hour - at)) / 24) - 1)),
    base,
  );
  const position = (time - START) / DAY - 0.5;
  const [before, part] = [Math.floor(position), position - Math.floor(position)];
  const factor = (day: number) => week[((day % 7) + 7) % 7]!;
  const turned = between(0, 1, (part - 0.4) / 0.2);
  return height * ((1 - turned) * factor(before) + turned * factor(before + 1));
}

/** The flash crowd: there within six minutes, half of it gone every 25. */
function crowd(time: Seconds): number {
  const since = time - FLASH_CROWD;
  if (since < 0) return 0;
  return since < 6 * MINUTE ? since / (6 * MINUTE) : 0.5 ** ((since - 6 * MINUTE) / (25 * MINUTE));
}

/** Flash deals are open from Friday 16:00 to Sunday 22:00 and have no visitor else. */
function isOpen(time: Seconds): number {
  const hours = ((time - START) % (7 * DAY)) / HOUR;
  return hours >= 4 * 24 + 16 && hours < 6 * 24 + 22 ? 1 : 0;
}

function between(low: number, high: number, x: number): number {
  return Math.min(high, Math.max(low, x));
}

/** Standard normal numbers from a seed (Box–Muller). */
function normals(seed: number): () => number {
  const source = xoroshiro128plus(seed);
  return () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(source)));
    return radius * Math.cos(2 * Math.PI * uniformFloat64(source));
  };
}

function stamp(text: string): Seconds {
  const time = parseStamp(text);
  if (time === undefined) throw new RangeError(`not a stamp: ${text}`);
  return time;
}
