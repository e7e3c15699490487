import { Errors } from './errors.ts';
import type { Profile } from './profile.ts';
import type { StateReader, StateWriter } from './state.ts';

/** What the experts may look at: the newest point and the seasons around it. */
export interface Now {
  readonly value: number;
  readonly index: number;
  /** Level of the last while over the season's level then, bounded. */
  readonly ratio: number;
  readonly daily: number;
  readonly weekly: number;
  readonly profile: Profile;
}

type Expert = (now: Now, lead: number) => number;

const lastValue: Expert = (now) => now.value;
const seasonalNaive: Expert = (now, lead) => now.profile.daily(now.index + lead);
/** Last value, moved as the season moved from then to now on earlier days, at today's level. */
const dailyShifted: Expert = (now, lead) =>
  now.value + now.ratio * (now.profile.daily(now.index + lead) - now.daily);
const weeklyShifted: Expert = (now, lead) => now.value + now.profile.weekly(now.index + lead) - now.weekly;

const EXPERTS: readonly (readonly [name: string, expert: Expert])[] = [
  ['last value', lastValue],
  ['seasonal naive', seasonalNaive],
  ['daily season, level-shifted', dailyShifted],
  ['weekly season, level-shifted', weeklyShifted],
];

const MEMORY = 0.002;

/**
 * All that is known about forecasting one lead (points ahead): each expert's recent squared error, and the errors of
 * their mix. Forecasts wait in a ring until the point that they were made for arrives.
 */
export class Track {
  readonly lead: number;
  private readonly errors = new Errors();
  private readonly squares = new Float64Array(EXPERTS.length);
  private readonly scored = new Int32Array(EXPERTS.length);
  /** Index of the point that the forecasts in each slot are for: a gap leaves some that nothing arrives for. */
  private readonly due: Float64Array;
  private readonly waiting: Float64Array;
  private readonly mixed: Float64Array;
  private readonly scales: Float64Array;
  /** The newest forecast. */
  centre = 0;
  scale = 0;

  constructor(lead: number) {
    this.lead = lead;
    this.due = new Float64Array(lead).fill(-1);
    this.waiting = new Float64Array(lead * EXPERTS.length);
    this.mixed = new Float64Array(lead);
    this.scales = new Float64Array(lead);
  }

  /** Scores the forecasts that were made `lead` points ago, then makes those for `lead` points ahead. */
  step(now: Now): void {
    const slot = now.index % this.lead;
    if (this.due[slot] === now.index) this.score(slot, now.value);
    this.predict(slot, now);
    this.due[slot] = now.index + this.lead;
  }

  quantiles(): number[] {
    return this.errors.around(this.centre, this.scale);
  }

  /** Weights of the experts in the newest forecast, for people. */
  method(now: Now): string {
    const weights = this.weights(now);
    return EXPERTS.flatMap(([name], i) =>
      weights[i]! >= 0.05 ? [`${name} ${weights[i]!.toFixed(2)}`] : [],
    ).join(', ');
  }

  /** In full width: an error on the edge of two bins must fall into the same one after a restore. */
  save(out: StateWriter): void {
    this.errors.save(out);
    out.numbers(this.centre, this.scale);
    for (const values of this.memory()) out.array(values);
  }

  load(from: StateReader): void {
    this.errors.load(from);
    [this.centre, this.scale] = from.numbers(2) as [number, number];
    for (const values of this.memory()) from.fill(values);
  }

  private memory(): readonly (Float64Array | Int32Array)[] {
    return [this.squares, this.scored, this.due, this.waiting, this.mixed, this.scales];
  }

  private score(slot: number, value: number): void {
    this.errors.add(value - this.mixed[slot]!, this.scales[slot]!);
    for (let i = 0; i < EXPERTS.length; i++) {
      const error = value - this.waiting[slot * EXPERTS.length + i]!;
      if (Number.isNaN(error)) continue;
      const scored = this.scored[i]! + 1;
      this.scored[i] = scored;
      this.squares[i]! += Math.max(MEMORY, 1 / scored) * (error * error - this.squares[i]!);
    }
  }

  private predict(slot: number, now: Now): void {
    let sum = 0;
    let weights = 0;
    for (let i = 0; i < EXPERTS.length; i++) {
      const guess = Math.max(0, EXPERTS[i]![1](now, this.lead));
      this.waiting[slot * EXPERTS.length + i] = guess;
      if (Number.isNaN(guess)) continue;
      const weight = this.weight(i);
      sum += weight * guess;
      weights += weight;
    }
    this.centre = sum / weights;
    this.scale = this.errors.scale(this.centre);
    this.mixed[slot] = this.centre;
    this.scales[slot] = this.scale;
  }

  private weight(expert: number): number {
    // An expert without a record yet gets a small say, so that it can earn one.
    if (this.scored[expert]! < 30) return expert === 0 ? 1e-6 : 1e-9;
    return 1 / (this.squares[expert]! + 1e-12) ** 2;
  }

  private weights(now: Now): number[] {
    const raw = EXPERTS.map(([, expert], i) => (Number.isNaN(expert(now, this.lead)) ? 0 : this.weight(i)));
    const sum = raw.reduce((a, b) => a + b, 0);
    return raw.map((weight) => weight / sum);
  }
}
