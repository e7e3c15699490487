import { PK, type Table } from '../../adapters/aws/table.ts';
import type { Waiting } from '../../core/routes/diff.ts';
import type { Seconds } from '../../core/time.ts';

/** Item `state`/`routes`: what the last run of route-sync left. */
export interface RoutesState {
  readonly at: Seconds;
  /** ETag of the settings that all is in line with. Absent: something is left to do, run it again. */
  readonly etag?: string;
  /** ETag of the settings that the run read. */
  readonly seen: string;
  readonly failed: readonly { readonly shard: string; readonly error: string }[];
  readonly waiting: readonly Waiting[];
  /** Shards that there was no time for. */
  readonly left: number;
}

const NAME = 'routes';
/** Enough to see what is wrong; an item holds 400 KB. */
const SHOWN = 100;

export async function readState(table: Table): Promise<RoutesState | undefined> {
  return (await table.get(PK.state, NAME)) as RoutesState | undefined;
}

export async function writeState(table: Table, state: RoutesState): Promise<void> {
  const { failed, waiting } = state;
  await table.put({
    pk: PK.state,
    sk: NAME,
    ...state,
    failed: failed.slice(0, SHOWN),
    waiting: waiting.slice(0, SHOWN),
  });
}

export async function clearState(table: Table): Promise<void> {
  await table.delete(PK.state, NAME);
  await table.delete(PK.state, DEPLOYED);
}

const DEPLOYED = 'deployed';

/** SHA-256 of the settings file that the last deploy brought. */
export async function deployedHash(table: Table): Promise<string | undefined> {
  return (await table.get(PK.state, DEPLOYED))?.sha256 as string | undefined;
}

export async function writeDeployedHash(table: Table, sha256: string): Promise<void> {
  await table.put({ pk: PK.state, sk: DEPLOYED, sha256 });
}
