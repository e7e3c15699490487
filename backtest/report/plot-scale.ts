import type { PlotRange } from './plot-range.ts';

/** Where the plot itself lies inside its picture (px). */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Places of values in px; values outside the range get places outside the box. */
export interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** Logarithmic, with ticks at 1, 3, 10, …; nothing unmet at all has no place on it and goes far to the left. */
export function unmetScale({ low, high }: PlotRange['unmet'], box: Box): Scale {
  const span = Math.log10(high / low);
  const first = Math.floor(Math.log10(low));
  const decades = Array.from({ length: Math.ceil(span) + 2 }, (_, i) => 10 ** (first + i));
  const factors = span > 3.2 ? [1] : [1, 3];
  return {
    ticks: decades
      .flatMap((decade) => factors.map((factor) => factor * decade))
      .filter((tick) => tick >= low && tick <= high),
    at: (value) =>
      value > 0
        ? round(box.left + (Math.log10(value / low) / span) * (box.right - box.left))
        : box.left - (box.right - box.left),
  };
}

export function hoursScale({ low, high }: PlotRange['hours'], box: Box): Scale {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step);
  return {
    ticks: Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step),
    at: (value) => round(box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top)),
  };
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/**
 * Middles of labels that do not overlap, in the same order, near the wanted ones: pushed down from above, then up from below.
 * @param wanted in the order in which they shall stand (px)
 * @param heights of the labels, margins included (px); what does not fit between `low` and `high` overflows at `low`
 */
export function spread(
  wanted: readonly number[],
  heights: readonly number[],
  low: number,
  high: number,
): number[] {
  const places = [...wanted];
  const gap = (i: number) => ((heights[i] ?? 0) + (heights[i + 1] ?? 0)) / 2;
  let least = low;
  for (let i = 0; i < places.length; i++) {
    places[i] = Math.max(places[i]!, least);
    least = places[i]! + gap(i);
  }
  let most = high;
  for (let i = places.length - 1; i >= 0; i--) {
    places[i] = Math.min(places[i]!, most);
    most = places[i]! - gap(i - 1);
  }
  return places;
}
