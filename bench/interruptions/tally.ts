import type { Seconds } from '../../core/time.ts';

/** What became of one policy. Slices with state that Spot has taken, and hours. */
export class Tally {
  /** Slices with state that went to another instance, because theirs was announced to go. */
  handedOver = 0;
  /** Of `handedOver`, before the notice. */
  beforeNotice = 0;
  /** State was gone with the instance, although a notice had come. */
  lost = 0;
  /** Of `lost`: a reserve was there, and the time was too short. */
  tooLate = 0;
  /** No notice came at all. */
  silent = 0;
  /** Acknowledged writes that a hand-over lost. */
  lostWrites = 0;
  readonly pauses: Seconds[] = [];
  /** Instance-hours. */
  reserved = 0;
  ready = 0;
  serving = 0;
  servingSpot = 0;
  hours = 0;

  /** Handed over between the recommendation and the notice. */
  early(): void {
    this.handedOver += 1;
    this.beforeNotice += 1;
  }

  outcome(): Outcome {
    const { handedOver, beforeNotice, lost, tooLate, silent, lostWrites } = this;
    const { reserved, ready, serving, servingSpot, hours, pauses } = this;
    const counts = { handedOver, beforeNotice, lost, tooLate, silent, lostWrites };
    return { ...counts, reserved, ready, serving, servingSpot, hours, pauses: [...pauses] };
  }
}

/** Plain data, which several runs add up to. */
export interface Outcome {
  readonly handedOver: number;
  readonly beforeNotice: number;
  readonly lost: number;
  readonly tooLate: number;
  readonly silent: number;
  readonly lostWrites: number;
  readonly reserved: number;
  readonly ready: number;
  readonly serving: number;
  readonly servingSpot: number;
  readonly hours: number;
  readonly pauses: readonly Seconds[];
}

export function sumOf(outcomes: readonly Outcome[]): Outcome {
  const sum = (of: (one: Outcome) => number) => outcomes.reduce((total, one) => total + of(one), 0);
  return {
    handedOver: sum((one) => one.handedOver),
    beforeNotice: sum((one) => one.beforeNotice),
    lost: sum((one) => one.lost),
    tooLate: sum((one) => one.tooLate),
    silent: sum((one) => one.silent),
    lostWrites: sum((one) => one.lostWrites),
    reserved: sum((one) => one.reserved),
    ready: sum((one) => one.ready),
    serving: sum((one) => one.serving),
    servingSpot: sum((one) => one.servingSpot),
    hours: sum((one) => one.hours),
    pauses: outcomes.flatMap(({ pauses }) => pauses),
  };
}

/** Of the slices with state whose instance was announced to go, those whose state went to another one in time. */
export const handedOverShare = ({ handedOver, lost }: Outcome) =>
  handedOver + lost > 0 ? handedOver / (handedOver + lost) : 1;

/** Instances that stand idle, on average: held in reserve, and ready for nobody. */
export const idleOf = ({ reserved, ready, hours }: Outcome) => (reserved + ready) / hours;
