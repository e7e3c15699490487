import type { Settings } from '../../core/settings/schema.ts';
import type { Seconds } from '../../core/time.ts';
import { VM_ROOT } from '../../core/vm/escape.ts';
import { AT_EASE, type PressureState, underPressure } from '../../core/vm/pressure.ts';
import { usualUse } from '../../core/vm/propose.ts';
import type { VmReport, VmShardReport } from '../../core/vm/report.ts';
import type { PressureStep, VmShard, VmSize } from '../../core/vm/shard.ts';
import type { StoredVm, Vms } from '../../core/vm/store.ts';
import type { Log } from '../log.ts';
import type { Cgroups } from './cgroups.ts';
import { Enforcer, type Placed, placedOf } from './enforcer.ts';
import type { Machine } from './machine.ts';
import { measuredSize, memoryUsed } from './size.ts';
import { mustBeTrusted } from './trusted.ts';

export interface VmAgentParts {
  readonly instance: string;
  readonly vms: Pick<Vms, 'report'>;
  readonly settings: () => Promise<Settings>;
  readonly machine: Machine;
  readonly cgroups: Cgroups;
  /** Epoch seconds. */
  readonly now: () => Seconds;
  readonly log: Log;
}

/** What is on this machine, for an agent that begins anew. */
const PLACED = `${VM_ROOT}/placed.json`;
/** Without a profile a shard is shrunk to this share of its memory. */
const SHRINK = 0.5;

/**
 * The VM shards of one instance, as its agent keeps them: what the table wants is put on the machine with each beat, what
 * is in force is read back and written to the table, and between the beats memory is watched.
 *
 * Invariants: changes come one after the other; what fails for one VM shard is said in its report, tried again with the
 * next beat, and keeps nobody else waiting. Limits stay in force while the agent does not run; what was interrupted
 * under pressure goes on when it begins anew. What the table does not answer leaves everything as it is.
 */
export class VmAgent {
  readonly #parts: VmAgentParts;
  readonly #enforcer: Enforcer;
  readonly #placed = new Map<string, Placed>();
  readonly #applied = new Map<string, { readonly version: number; readonly error?: string }>();
  #size: VmSize | undefined;
  #known: StoredVm | undefined;
  #version = 0;
  #pressure: PressureState = AT_EASE;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(parts: VmAgentParts) {
    this.#parts = parts;
    this.#enforcer = new Enforcer(parts.machine, parts.cgroups);
  }

  /** @throws what the machine throws when it cannot be measured. */
  async start(): Promise<void> {
    const { machine } = this.#parts;
    this.#size = await measuredSize(machine);
    const before = JSON.parse((await machine.read(PLACED)) ?? '[]') as readonly Placed[];
    for (const one of before) this.#placed.set(one.shardID, one);
  }

  /** Says what is in force, and puts on the machine what is wanted. @throws what the table throws, and on names that are none. */
  beat(): Promise<void> {
    return this.#inTurn(async () => {
      const { vms, instance, settings } = this.#parts;
      const { vm } = await settings();
      // A service without VM shards is not asked for any.
      if (vm.maxPerInstance === 0 && this.#placed.size === 0) return;
      const stored = await vms.report(instance, await this.#report());
      if (stored === undefined) return;
      mustBeTrusted(stored.vm);
      const changed = stored.vm.version !== this.#version;
      this.#known = stored;
      await this.#apply(stored);
      // Whoever waits for it need not wait for the next beat.
      if (changed) await vms.report(instance, await this.#report());
    });
  }

  /** Looks whether memory runs out, and does the next thing about it. */
  look(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#known === undefined || this.#known.vm.shards.length === 0) return;
      const { vm, order = [] } = this.#known;
      const { steps, ...policy } = vm.overallInterruptibilityPolicy;
      // Version 1 of control groups cannot push a group down without killing in it.
      const possible = this.#parts.cgroups.version === 1 ? steps.filter((step) => step !== 'shrink') : steps;
      const seen = await this.#memorySeen();
      const next = underPressure(this.#pressure, seen, vm.shards, order, { ...policy, steps: possible });
      this.#pressure = next.state;
      if (next.act === undefined) return;
      const { shardID, step, undo } = next.act;
      this.#parts.log.warn('pressure', {
        vmShard: shardID,
        step,
        undo,
        used: seen.used,
        stalled: seen.stalled,
      });
      await this.#place(vm.shards.find((one) => one.shardID === shardID)!, this.#known);
    });
  }

  async #memorySeen() {
    const [host, all] = await Promise.all([memoryUsed(this.#parts.machine), this.#parts.cgroups.all()]);
    const ours = all?.limit ? all.used / all.limit : 0;
    const { stalled } = all ?? {};
    return { at: this.#parts.now(), used: Math.max(host, ours), ...(stalled !== undefined && { stalled }) };
  }

  async #apply(stored: StoredVm): Promise<void> {
    const { vm } = stored;
    const { vm: settings } = await this.#parts.settings();
    const wanted = vm.shards.filter(({ state }) => state !== 'removed');
    const ids = new Set(wanted.map(({ shardID }) => shardID));
    for (const one of [...this.#placed.values()]) if (!ids.has(one.shardID)) await this.#remove(one);
    for (const id of this.#applied.keys())
      if (!ids.has(id) && !this.#placed.has(id)) this.#applied.delete(id);
    // What moves or leaves its traffic has to answer: nothing is held back of it any more.
    const running = new Set(wanted.flatMap(({ shardID, state }) => (state === 'running' ? [shardID] : [])));
    const taken = this.#pressure.taken.filter(({ shardID }) => running.has(shardID));
    this.#pressure = { ...this.#pressure, taken };
    await this.#enforcer.files({ ...vm, shards: wanted }, settings);
    for (const shard of wanted) await this.#place(shard, stored);
    this.#version = vm.version;
  }

  async #place(shard: VmShard, { vm }: StoredVm): Promise<void> {
    const { settings, now, log } = this.#parts;
    const { shardID, version, RAM, applicationComponent } = shard;
    try {
      const { vm: known } = await settings();
      const usual = usualUse(applicationComponent, known, now())?.RAM;
      const shrunkTo = Math.min(usual ?? SHRINK * RAM, RAM);
      const placed = placedOf(shard, known);
      if (this.#placed.get(shardID)?.unit !== placed.unit) {
        // First, so that what is half there can be taken away again.
        this.#placed.set(shardID, placed);
        await this.#remember();
      }
      const steps = this.#steps(shardID);
      await this.#enforcer.place({ shard, vm, steps, shrunkTo }, placed, known);
      this.#applied.set(shardID, { version });
    } catch (error) {
      const before = this.#applied.get(shardID);
      if (before?.error === undefined) log.error('vm-shard-failed', { vmShard: shardID, error });
      this.#applied.set(shardID, { version: before?.version ?? 0, error: (error as Error).message });
    }
  }

  async #remove(placed: Placed): Promise<void> {
    const { shardID } = placed;
    try {
      await this.#enforcer.remove(placed);
      this.#placed.delete(shardID);
      this.#applied.delete(shardID);
      await this.#remember();
      this.#parts.log.info('vm-shard-removed', { vmShard: shardID });
    } catch (error) {
      if (this.#applied.get(shardID)?.error === undefined)
        this.#parts.log.error('vm-shard-not-removed', { vmShard: shardID, error });
      this.#applied.set(shardID, { version: 0, error: (error as Error).message });
    }
  }

  async #report(): Promise<VmReport> {
    const { cgroups, now } = this.#parts;
    const ids = new Set([...this.#placed.keys(), ...this.#applied.keys()]);
    const shards = await Promise.all([...ids].map(async (id) => [id, await this.#reportOf(id)] as const));
    const { since } = this.#pressure;
    return {
      at: now(),
      size: this.#size!,
      cgroup: cgroups.version,
      version: this.#version,
      ...(since !== undefined && { pressureSince: since }),
      shards: Object.fromEntries(shards),
    };
  }

  async #reportOf(shardID: string): Promise<VmShardReport> {
    const placed = this.#placed.get(shardID);
    const [inForce, memory, component] = await Promise.all([
      this.#enforcer.inForce(shardID),
      this.#parts.cgroups.memory(shardID),
      placed && this.#enforcer.component(placed),
    ]);
    const { version = 0, error } = this.#applied.get(shardID) ?? {};
    const step = this.#steps(shardID).at(-1);
    return {
      state: this.#stateOf(shardID, error === undefined && component?.isRunning === true),
      version,
      ...(step && { step }),
      ...(inForce && { inForce }),
      ...(component && { restarts: component.restarts }),
      ...(memory && { memory: Math.round(memory.used) }),
      ...(memory?.kills !== undefined && { kills: memory.kills }),
      ...(error !== undefined && { error }),
    };
  }

  #stateOf(shardID: string, isRunning: boolean): VmShardReport['state'] {
    const steps = this.#steps(shardID);
    if (steps.includes('evict')) return 'evicted';
    const shard = this.#known?.vm.shards.find((one) => one.shardID === shardID);
    if (steps.includes('freeze') || shard?.state === 'frozen') return 'frozen';
    if (!isRunning) return 'failed';
    return steps.includes('shrink') ? 'shrunk' : 'running';
  }

  #steps(shardID: string): readonly PressureStep[] {
    return this.#pressure.taken.flatMap((one) => (one.shardID === shardID ? [one.step] : []));
  }

  #remember(): Promise<void> {
    return this.#parts.machine.write(PLACED, `${JSON.stringify([...this.#placed.values()])}\n`);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work, work);
    this.#queue = done.catch(() => {});
    return done;
  }
}
