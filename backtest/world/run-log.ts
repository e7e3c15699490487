import type { Seconds } from '../../core/time.ts';
import type { MoveResult } from '../../flows/move.ts';
import type { TickResult } from '../../flows/tick.ts';
import type { ActionRecord, MoveRecord } from '../report/run-record.ts';
import type { Ended } from './workflows.ts';

/** What happened, as the report and `explain` want it; effects that failed are counted in the notes. */
export class RunLog {
  readonly moves: MoveRecord[] = [];
  readonly actions: ActionRecord[] = [];
  readonly #index = new Map<string, number>();
  /** Moves that ended before their tick did. */
  readonly #early = new Map<string, Pick<MoveRecord, 'outcome' | 'doneAt'>>();
  readonly #failed = new Map<string, number>();
  readonly #now: () => Seconds;

  constructor(now: () => Seconds) {
    this.#now = now;
  }

  ticked(at: Seconds, result: TickResult): void {
    for (const { move } of result.moves) {
      const early = this.#early.get(move.id);
      this.#early.delete(move.id);
      if (early === undefined) this.#index.set(move.id, this.moves.length);
      this.moves.push({ at, move, outcome: 'open', ...early });
    }
    for (const action of result.actions) this.actions.push({ at, action });
    for (const { why } of result.refused) this.#count(`refused: ${why}`);
    this.failures(result.failures);
  }

  failures(failures: readonly { readonly error: string }[]): void {
    for (const { error } of failures) this.#count(error);
  }

  ended({ flow, name, result, error }: Ended): void {
    if (error !== undefined) this.#count(`${flow}: ${error.message}`);
    if (flow === 'signal' && isEvacuation(result)) this.failures(result.failures);
    if (flow !== 'move') return;
    const moved = result as MoveResult | undefined;
    if (moved?.outcome === 'failed') this.#count(`move failed at ${moved.step}: ${moved.error}`);
    const outcome = moved?.outcome ?? 'failed';
    const became = { outcome, doneAt: Math.round(this.#now() * 10) / 10 };
    const index = this.#index.get(name);
    const record = index === undefined ? undefined : this.moves[index];
    if (index === undefined || record === undefined) this.#early.set(name, became);
    else this.moves[index] = { ...record, ...became };
    this.#index.delete(name);
  }

  notes(): string[] {
    return [...this.#failed].map(([error, count]) => `${count} × ${error}`);
  }

  /** Ids and times differ from case to case: without them the cases of one kind are counted together. */
  #count(error: string): void {
    const kind = error.replaceAll(/i-[0-9a-f]{8}(:\d+)?/g, 'i-…').replaceAll(/\d{10}(\.\d+)?/g, '…');
    this.#failed.set(kind, (this.#failed.get(kind) ?? 0) + 1);
  }
}

const isEvacuation = (result: unknown): result is { failures: readonly { error: string }[] } =>
  typeof result === 'object' && result !== null && 'failures' in result;
