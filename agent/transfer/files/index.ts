import type { StateSink, StateSource } from '../../contract.ts';
import { FilesSink } from './sink.ts';
import { FilesSource } from './source.ts';
import type { Place } from './tree.ts';

export type { Place } from './tree.ts';

/** State of an application that keeps it in files: a directory per slot, or some files per slot. Absolute paths. */
export function filesState(place: (slot: number) => Place): StateSource & StateSink {
  const source = new FilesSource(place);
  const sink = new FilesSink(place);
  return {
    changes: (slot, since, signal) => source.changes(slot, since, signal),
    apply: (slot, changes, signal) => sink.apply(slot, changes, signal),
    discard: (slot) => sink.discard(slot),
  };
}
