import { ReserveRequests } from '../../adapters/aws/reserve-requests.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { shardRef } from '../../core/api/ids.ts';
import type { OperationInput } from '../../core/api/operations.ts';
import { ApiProblem, wrongField } from '../../core/api/problem.ts';
import type { ReserveRequest } from '../../core/interruption/risk.ts';
import type { StoredSlice } from '../../core/ports.ts';
import { knownShard, mustBeActive } from './known.ts';
import { pageOf } from './page.ts';
import type { Answers, ApiParts } from './parts.ts';

export const RESERVATION_ANSWERS: Answers<
  'requestPreAllocation' | 'listReservations' | 'getReservation' | 'deleteReservation'
> = {
  requestPreAllocation: async ({ parts, body, by }) => {
    const { clock, table, newId } = parts;
    const ref = shardRef(body.shardID);
    if (ref.kind === 'vm') return reserveVm(parts, ref, body);
    const settings = await parts.settings();
    const shard = knownShard(settings, ref.shard);
    await mustBeActive(parts, shard);
    const { slices, seconds } = body.resourceRequest;
    const requests = new ReserveRequests(table);
    const now = clock.now();
    const { max } = settings.fleet.reserves;
    const asked = (await requests.live(now)).reduce((sum, { count }) => sum + count, 0);
    if (asked + slices > max)
      throw wrongField(
        'refused',
        'body.resourceRequest.slices',
        `at most ${Math.max(0, max - asked)} (fleet.reserves.max is ${max}, ${asked} are asked for already)`,
        slices,
      );
    const request = { id: newId(), shard: shard.name, count: slices, until: now + seconds };
    await requests.put(request, now, by);
    return told(request, await reserved(parts));
  },

  listReservations: async ({ parts, query }) => {
    const [requests, slices] = await Promise.all([
      new ReserveRequests(parts.table).live(parts.clock.now()),
      reserved(parts),
    ]);
    const wanted = requests.filter(({ shard }) => query.shardID === undefined || shard === query.shardID);
    const page = pageOf(wanted, query, ({ id }) => id);
    return { ...page, items: page.items.map((request) => told(request, slices)) };
  },

  getReservation: async ({ parts, params: { id } }) => told(await live(parts, id), await reserved(parts)),

  deleteReservation: async ({ parts, params: { id } }) => {
    const request = await live(parts, id);
    await new ReserveRequests(parts.table).delete(id);
    return told(request, await reserved(parts));
  },
};

/** A VM shard has one slice, and its twin is there at once. */
async function reserveVm(
  { vm, clock }: ApiParts,
  { instance, shard }: { readonly instance: string; readonly shard: string },
  { shardID, resourceRequest: { slices, seconds } }: OperationInput<'requestPreAllocation'>['body'],
) {
  if (slices !== 1)
    throw wrongField('refused', 'body.resourceRequest.slices', '1, because a VM shard is one slice', slices);
  const { slice, until } = await vm.reserve(instance, shard, clock.now() + seconds);
  return { kind: 'vm' as const, shardID, until, held: [slice] };
}

async function live({ table, clock }: ApiParts, id: string): Promise<ReserveRequest> {
  const request = await new ReserveRequests(table).get(id, clock.now());
  if (request === undefined) throw new ApiProblem('not-found', `no reservation ${id}, or it has ended`);
  return request;
}

async function reserved({ table, clock }: ApiParts): Promise<readonly StoredSlice[]> {
  const slices = await new DynamoStore(table, clock).slices();
  return slices.filter(({ placement }) => placement.kind === 'reserved');
}

function told({ id, shard, count, until }: ReserveRequest, slices: readonly StoredSlice[]) {
  const held = slices.filter(
    ({ placement }) =>
      placement.kind === 'reserved' && (placement.shard === shard || placement.also?.includes(shard)),
  );
  return {
    id,
    kind: 'service' as const,
    shardID: shard,
    slices: count,
    until,
    held: held.map(({ slice }) => slice),
  };
}
