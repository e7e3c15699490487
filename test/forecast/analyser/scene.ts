import { normals } from '../../../backtest/model/fill.ts';
import { Cycle } from '../../../core/forecast/analyser/cycle.ts';
import type { Moment } from '../../../core/forecast/analyser/moment.ts';
import { originAt } from '../../../core/forecast/analyser/moment.ts';
import { Past } from '../../../core/forecast/analyser/past.ts';
import { Seasons, type Shift } from '../../../core/forecast/analyser/season.ts';
import { StateReader, StateWriter } from '../../../core/forecast/state.ts';
import { HOUR, type Seconds } from '../../../core/time.ts';

interface SceneOptions {
  /** Seconds between points. @default an hour, so that weeks are quick */
  readonly step?: Seconds;
  /** Points ahead that are asked for. */
  readonly farthest?: number;
  readonly shift?: Shift;
}

/** What the parts of the analyser see: a past, its seasons, and moments in it. */
export class Scene {
  readonly past: Past;
  readonly seasons: Seasons;
  readonly cycle: Cycle;

  constructor({ step = HOUR, farthest = 48, shift }: SceneOptions = {}) {
    this.past = new Past(step);
    this.seasons = new Seasons(this.past, farthest, shift);
    this.cycle = new Cycle(this.past, this.seasons);
  }

  push(loads: Iterable<number>): this {
    for (const load of loads) {
      this.past.push(load);
      this.cycle.look();
    }
    return this;
  }

  /** Of `lead` points after the newest point, or after the one at `index`. */
  moment(lead: number, { index = this.past.newest, level = 100, othersRise = Number.NaN } = {}): Moment {
    const { past, seasons, cycle } = this;
    return {
      past,
      seasons,
      cycle,
      origin: originAt(past, seasons, index),
      target: index + lead,
      lead,
      season: seasons.at(index + lead, index),
      level,
      leading: [],
      othersRise,
    };
  }
}

/** `count` values of `load(0)`, `load(1)` … */
export const series = (count: number, load: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => load(i));

/** Loads without any pattern, in half width as the past keeps them. */
export function noise(count: number, seed = 1): number[] {
  const normal = normals(seed);
  return series(count, () => Math.fround(Math.max(0, 100 + 20 * normal())));
}

interface Kept {
  save(out: StateWriter): void;
  load(from: StateReader): void;
}

/** Puts away what one has learned, and has the other take it up. */
export function handOver<T extends Kept>(one: T, other: T): T {
  const out = new StateWriter();
  one.save(out);
  const from = new StateReader(out.bytes());
  other.load(from);
  from.end();
  return other;
}
