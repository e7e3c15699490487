import { MINUTE, type Seconds } from '../../time.ts';
import type { StateReader, StateWriter } from '../state.ts';
import { type Belief, type Evidence, PARTS, type Shown } from './effect.ts';
import type { Usual } from './usual.ts';

/** In how this occurrence differs from others, the newest third of its course counts. */
const MEMORY_PARTS = 4;
/** Log of the largest factor that is believed. */
const MOST = 4;

/** Loads beside what they would have been without the event: sums over points, and the time that they stand for. */
interface Sums {
  load: number;
  expected: number;
  points: number;
  span: Seconds;
}

const none = (): Sums => ({ load: 0, expected: 0, points: 0, span: 0 });

/** What a point makes of an occurrence that is on. */
export interface Next {
  /** Log by which this occurrence differs from what is thought of the event. */
  readonly differs: number;
  readonly recent?: Sums;
  readonly load: number;
  /** Without the event. */
  readonly expected: number;
}

/** Which twelfth of an event's course a time is in. */
export function partAt(
  time: Seconds,
  { start, end }: { readonly start: Seconds; readonly end: Seconds },
): number {
  return Math.max(0, Math.min(PARTS - 1, Math.floor((PARTS * (time - start)) / (end - start))));
}

/**
 * An occurrence that is on: what was measured since it began beside what would have been without it, and by how much
 * it differs from what was thought of the event before.
 */
export class Running {
  readonly start: Seconds;
  readonly end: Seconds;
  readonly belief: Belief;
  #parts = Array.from({ length: PARTS }, none);
  #recent = none();
  #differs = 0;
  #last: Seconds;

  constructor(start: Seconds, end: Seconds, belief: Belief) {
    this.start = start;
    this.end = end;
    this.belief = belief;
    this.#last = start;
  }

  /** Log of the factor at a time of its course. */
  logAt(time: Seconds, differs = this.#differs): number {
    return this.belief.parts[partAt(time, this)]! + differs;
  }

  /** What a point says of it; changes nothing. @param expected load without this event; `NaN` where not known */
  next(time: Seconds, load: number, expected: number, usual: Usual): Next {
    if (Number.isNaN(expected)) return { differs: this.#differs, load, expected };
    const passed = time - this.#last;
    const keep = Math.exp((-passed * PARTS) / (MEMORY_PARTS * (this.end - this.start)));
    const recent = {
      load: keep * this.#recent.load + load,
      expected: keep * this.#recent.expected + expected * Math.exp(this.belief.parts[partAt(time, this)]!),
      points: keep * this.#recent.points + 1,
      span: keep * this.#recent.span + passed,
    };
    const { log, variance } = evidenceOf(recent, usual)!;
    const { variance: prior } = this.belief;
    return { differs: (log * prior) / (prior + variance), recent, load, expected };
  }

  take(time: Seconds, { differs, recent, load, expected }: Next): void {
    if (recent !== undefined) {
      const part = this.#parts[partAt(time, this)]!;
      part.load += load;
      part.expected += expected;
      part.points += 1;
      part.span += time - this.#last;
      this.#recent = recent;
      this.#differs = differs;
    }
    this.#last = time;
  }

  /** What it showed in all; undefined where nothing is known. */
  shown(usual: Usual): Shown | undefined {
    const whole = none();
    for (const part of this.#parts)
      for (const key of ['load', 'expected', 'points', 'span'] as const) whole[key] += part[key];
    const all = evidenceOf(whole, usual);
    return all && { all, parts: this.#parts.map((part) => evidenceOf(part, usual)) };
  }

  save(out: StateWriter): void {
    out.numbers(this.start, this.end, this.belief.all, this.belief.variance);
    out.array(this.belief.parts);
    for (const { load, expected, points, span } of [...this.#parts, this.#recent])
      out.numbers(load, expected, points, span);
    out.numbers(this.#differs, this.#last);
  }

  static load(from: StateReader): Running {
    const [start, end, all, variance] = from.numbers(4) as Four;
    const made = new Running(start, end, { all, variance, parts: from.fill(new Float64Array(PARTS)) });
    const sums = Array.from({ length: PARTS + 1 }, (): Sums => {
      const [load, expected, points, span] = from.numbers(4) as Four;
      return { load, expected, points, span };
    });
    made.#recent = sums.pop()!;
    made.#parts = sums;
    [made.#differs, made.#last] = from.numbers(2) as [number, number];
    return made;
  }
}

type Four = [number, number, number, number];

/** Half hours in a row err alike: so many of them say as much as one would alone, and no more than four do. */
const ALIKE = 8;
const MOST_HALF_HOURS = 4;

function evidenceOf({ load, expected, points, span }: Sums, usual: Usual): Evidence | undefined {
  if (points === 0) return undefined;
  const halfHours = Math.max(0.25, Math.min(MOST_HALF_HOURS, span / (30 * MINUTE)));
  return {
    log: usual.logRatio(load / points, expected / points, MOST),
    variance: (ALIKE * usual.noise) / halfHours,
  };
}
