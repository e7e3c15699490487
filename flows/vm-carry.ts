import type { StoredSlice } from '../core/ports.ts';
import { sliceId } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { vmShardTo } from '../core/vm/lifecycle.ts';
import type { VmInstance, VmShard } from '../core/vm/shard.ts';
import type { StoredVm } from '../core/vm/store.ts';
import { bySlice, isUp, sliceOfTwin, type Twin, twinTo } from '../core/vm/twin.ts';
import { moveInput } from './move-input.ts';
import { change } from './vm-change.ts';
import type { VmParts } from './vm-parts.ts';

/** The twin is up by then, or the move is undone. */
const UP: Seconds = 10 * MINUTE;
/** The hand-over is over by then, or the move is undone. */
const OVER: Seconds = 45 * MINUTE;
/** The twin's slice is reserved for so long. */
const RESERVED: Seconds = 30 * MINUTE;
const HOLD: Seconds = MINUTE;
/** Between the twin and the shard that is marked as moving. */
const MARKED: Seconds = 5 * MINUTE;

/**
 * One step of a VM shard's move. Its twin is up → the twin's slice is reserved for the service's shard, and the agent is
 * told → the machine `hand-over` brings state and traffic over → the shard serves nobody any more, its twin what it
 * served, and it is removed with its disk: not before. A move that does not come through in time is undone: the shard
 * stays, and its twin is removed.
 * @param endSlice takes a slice out of the store that serves nobody; false: it does
 */
export async function carryMove(
  parts: VmParts,
  vm: VmInstance,
  shard: VmShard,
  known: ReadonlyMap<string, StoredVm>,
  endSlice: (slice: string) => Promise<boolean>,
): Promise<void> {
  const { ports } = parts;
  const { instanceID } = vm;
  const { shardID } = shard;
  const source = sliceId(instanceID, shard.port);
  const target = shard.movesTo ?? '';
  const twin = target === '' ? undefined : bySlice(target, known);
  const now = ports.clock.now();
  const to = async (state: 'running' | 'removed') => {
    await ports.agents.order(source, { reserve: null });
    // First the twin: what has taken over stays, and what has not goes, wherever this is killed.
    if (state === 'removed' && twin !== undefined) await settled(parts, twin);
    await change(parts, instanceID, shardID, undefined, (seen) => vmShardTo(seen.vm, shardID, state, now));
    if (state === 'running' && twin !== undefined) await giveUpTwin(parts, twin);
  };
  if (twin === undefined) return to('running');
  const from = await ports.store.get(source);
  const isFree = from === undefined || from.placement.kind === 'ready';
  if (isFree && isUp(twin) && (await servesAsMeant(parts, target, shard.since))) {
    if (await endSlice(source)) await to('removed');
    return;
  }
  if (now - shard.since > (isUp(twin) ? OVER : UP)) return to('running');
  if (!isUp(twin) || from?.placement.kind !== 'active') return;
  const serves = from.placement.shard;
  if (copiesState(parts, serves)) {
    if (!(await reserve(parts, target, serves, now))) return;
    await ports.agents.order(source, { reserve: target });
  } else if (!(await serveToo(parts, target, serves, shard.since))) return;
  // The name is that of this move: a second start is the same execution.
  const name = `vm-move/${source}/${Math.round(shard.since)}`;
  const input = { instance: instanceID, at: shard.since, cause: 'planned', slices: [source] };
  await ports.workflows.start('hand-over', name, input);
}

/**
 * Whether the twin serves what its shard has served, or that was nothing. Where the shard held no slots, no hand-over has
 * brought the twin into service: a move does.
 */
async function servesAsMeant(parts: VmParts, target: string, since: Seconds): Promise<boolean> {
  const placement = (await parts.ports.store.get(target))?.placement;
  if (placement?.kind === 'reserved') return serveToo(parts, target, placement.shard, since);
  return placement?.kind === 'active' || placement?.kind === 'ready';
}

/** Brings the twin into service by a move: without state before its shard leaves, so that no capacity is missing. True: it serves. */
async function serveToo(
  { ports, settings }: VmParts,
  slice: string,
  shard: string,
  since: Seconds,
): Promise<boolean> {
  const seen = await ports.store.get(slice);
  if (seen?.placement.kind === 'active') return seen.placement.shard === shard;
  if (seen?.placement.kind !== 'ready' && seen?.placement.kind !== 'reserved') return false;
  const { placement } = seen;
  const id = `vm-move/${slice}/${Math.round(since)}/${seen.version}`;
  const to = { kind: 'active', shard } as const;
  const from =
    placement.kind === 'ready'
      ? ({ kind: 'ready' } as const)
      : ({ kind: 'reserved', shard: placement.shard } as const);
  const move = { id, slice, from, to, reason: { rule: 'replace' } } as const;
  await ports.workflows.start('move', id, moveInput(move, seen.version, ports.clock.now(), settings));
  return false;
}

/**
 * One step of a twin whose shard does not move to it (yet, or any more). One that is held as a reserve is kept ready: its
 * slice is reserved for what the shard serves, and the agents know it, so that a notice finds it there. What has taken
 * over, or is about to, stays, whatever became of the rest; every other one ends.
 */
export async function settleTwin(
  parts: VmParts,
  twin: Twin,
  known: ReadonlyMap<string, StoredVm>,
): Promise<void> {
  const { ports } = parts;
  const now = ports.clock.now();
  const { movesFrom = '', heldUntil, since } = twin.shard;
  const own = sliceOfTwin(twin);
  const from = bySlice(movesFrom, known)?.shard;
  if (from?.state === 'moving' && from.movesTo === own) return;
  const kind = (await ports.store.get(own))?.placement.kind;
  if (kind === 'active' || kind === 'activating') return settled(parts, twin);
  if (heldUntil !== undefined && heldUntil > now && from?.state === 'running') return hold(parts, twin);
  if (heldUntil === undefined && now - since < MARKED) return;
  if (heldUntil !== undefined) await ports.agents.order(movesFrom, { reserve: null });
  await endTwin(parts, twin);
}

async function hold(parts: VmParts, twin: Twin): Promise<void> {
  const { ports } = parts;
  const { movesFrom = '' } = twin.shard;
  const source = await ports.store.get(movesFrom);
  if (source?.placement.kind !== 'active' || !isUp(twin)) return;
  const { shard } = source.placement;
  if (!copiesState(parts, shard)) return;
  if (await reserve(parts, sliceOfTwin(twin), shard, ports.clock.now()))
    await ports.agents.order(movesFrom, { reserve: sliceOfTwin(twin) });
}

/** The twin is a shard as any other from now on. */
async function settled(parts: VmParts, { host, shard: { shardID } }: Twin): Promise<void> {
  await change(parts, host.vm.instanceID, shardID, undefined, ({ vm }) => twinTo(vm, shardID, 'settled'));
}

/** What has come to serve meanwhile stays, as a shard of its own. */
async function giveUpTwin(parts: VmParts, twin: Twin): Promise<void> {
  const kind = (await parts.ports.store.get(sliceOfTwin(twin)))?.placement.kind;
  return kind === 'active' || kind === 'activating' ? settled(parts, twin) : endTwin(parts, twin);
}

async function endTwin(parts: VmParts, { host, shard: { shardID } }: Twin): Promise<void> {
  const at = parts.ports.clock.now();
  await change(parts, host.vm.instanceID, shardID, undefined, ({ vm }) => {
    const ended = vmShardTo(twinTo(vm, shardID, 'settled'), shardID, 'removing', at);
    return ended === vm ? vm : { ...ended, version: vm.version + 1 };
  });
}

export const copiesState = ({ settings }: Pick<VmParts, 'settings'>, shard: string) =>
  settings.shards.find(({ name }) => name === shard)?.handOver.state === 'copy';

/** Reserves the twin's slice for the service's shard. True: it is, by this call or before, or serves it already. */
async function reserve(
  { ports: { store } }: VmParts,
  slice: string,
  shard: string,
  now: Seconds,
): Promise<boolean> {
  const seen = await store.get(slice);
  if (seen === undefined) return false;
  if (seen.placement.kind !== 'ready') return isFor(seen, shard);
  const holder = `vm-move/${slice}`;
  const claimed = await store.claim(slice, seen.version, holder, now + HOLD);
  if (!claimed.ok) return false;
  await store.put(slice, holder, { kind: 'reserved', since: now, shard, until: now + RESERVED });
  await store.release(slice, holder);
  return true;
}

const isFor = ({ placement }: StoredSlice, shard: string) =>
  placement.kind !== 'ready' && placement.kind !== 'draining' && placement.shard === shard;
