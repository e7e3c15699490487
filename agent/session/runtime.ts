import type { HandOverSettings } from '../../core/settings/hand-over.ts';
import type { App } from '../contract.ts';
import type { SlotKeeper } from '../gateway/keeper.ts';
import type { SlotTable } from '../gateway/slot-table.ts';
import type { AppRun } from './app-run.ts';

/** What runs for one slice of a stateful shard on this instance. */
export interface SliceRuntime {
  readonly slice: string;
  readonly shard: string;
  readonly settings: HandOverSettings;
  readonly app: App;
  readonly table: SlotTable;
  readonly keeper: SlotKeeper;
  readonly run: AppRun;
}
