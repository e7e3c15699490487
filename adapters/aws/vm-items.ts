import type { VmReport } from '../../core/vm/report.ts';
import type { VmInstance } from '../../core/vm/shard.ts';
import type { StoredVm, Vms } from '../../core/vm/store.ts';
import { type Item, PK, type Table } from './table.ts';

/**
 * {@link Vms} on the table: an item per divided instance. What is wanted (`vm`, `version`), which are interrupted first
 * (`order`) and what the agent says (`report`) are attributes of their own, so that no writer overwrites another's.
 */
export class VmItems implements Vms {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async list(): Promise<readonly StoredVm[]> {
    return (await this.#table.query(PK.vm)).map(storedOf);
  }

  async get(instanceID: string): Promise<StoredVm | undefined> {
    const item = await this.#table.get(PK.vm, instanceID);
    return item && storedOf(item);
  }

  async put({ instanceID, version, ...vm }: VmInstance): Promise<boolean> {
    const set = { vm, version };
    const only = version === 1 ? { version: { absent: true } } : { version: { is: version - 1 } };
    const written = await this.#table.update(PK.vm, instanceID, { set }, only as never);
    if (written.ok) return true;
    // An answer may be lost on its way and the write be retried.
    const { item } = written;
    return item?.version === version && JSON.stringify(sorted(item.vm)) === JSON.stringify(sorted(vm));
  }

  async report(instanceID: string, report: VmReport): Promise<StoredVm | undefined> {
    const divided = { version: { present: true } } as const;
    const { item } = await this.#table.update(PK.vm, instanceID, { set: { report } }, divided);
    return item && storedOf(item);
  }

  async rank(instanceID: string, order: readonly string[]): Promise<void> {
    await this.#table.update(PK.vm, instanceID, { set: { order } }, { version: { present: true } });
  }

  async remove(instanceID: string, version: number): Promise<void> {
    await this.#table.delete(PK.vm, instanceID, { version: { is: version } });
  }
}

function storedOf({ sk, vm, version, report, order }: Item): StoredVm {
  return {
    vm: { instanceID: sk, ...(vm as Omit<VmInstance, 'instanceID' | 'version'>), version: version as number },
    ...(report !== undefined && { report: report as VmReport }),
    ...(order !== undefined && { order: order as readonly string[] }),
  };
}

/** With the keys of all objects in order: the table does not keep it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]),
  );
}
