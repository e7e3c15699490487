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

  get handedOverShare(): number {
    const all = this.handedOver + this.lost;
    return all > 0 ? this.handedOver / all : 1;
  }
}
