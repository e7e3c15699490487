import * as z from 'zod';
import { shardId, shardName, sliceId, stamp } from './ids.ts';
import { operation, pageOf, pageQuery } from './operation.ts';

const reservationId = z
  .string()
  .regex(/^[0-9a-f-]{1,64}$/, 'expected the id of a reservation')
  .meta({ description: 'Id of the reservation.', example: '0b6f3c1e-8a51-4a6e-9d0c-6a3c4c1f2b77' });

const reservation = z
  .object({
    id: reservationId,
    kind: z.literal('service'),
    shardID: shardName,
    slices: z.int().min(1).meta({ description: 'Slices that were asked for.' }),
    until: stamp,
    held: z.array(sliceId).meta({
      description:
        'Slices that are reserved for the shard now, for whatever reason. The plan reserves every minute.',
    }),
  })
  .meta({ id: 'Reservation' });

const vmReservation = z
  .object({
    kind: z.literal('vm'),
    shardID: shardId,
    until: stamp,
    held: z.array(sliceId).meta({
      description:
        'The slice of its twin: a VM shard of its own on another instance, which may be removed as any other.',
    }),
  })
  .meta({ id: 'VMReservation', description: 'Spare vCPU, memory and disk for a VM shard.' });

const params = z.object({ id: reservationId });

export const RESERVATIONS = {
  requestPreAllocation: operation({
    method: 'POST',
    path: '/reservations',
    tag: 'Either kind',
    summary: 'Asks for slices to be held ready for a shard',
    description:
      'Service shard: the plan holds the slices with its next tick, within `fleet.reserves.max` of the settings, in another Spot pool than the ones at risk. VM shard: a twin, sized for what it will need, is allocated at once on another instance that has room, in another Spot pool; it has one slice, and a repeat prolongs it.',
    body: z.strictObject({
      shardID: shardId,
      resourceRequest: z.strictObject({
        slices: z.int().min(1).max(10_000).meta({ description: 'How many slices.' }),
        seconds: z.int().min(60).max(86_400).default(3600).meta({ description: 'For how long.' }),
      }),
    }),
    status: 201,
    response: z.discriminatedUnion('kind', [reservation, vmReservation]),
    problems: ['not-found', 'conflict', 'refused'],
  }),
  listReservations: operation({
    method: 'GET',
    path: '/reservations',
    tag: 'Service shards',
    summary: 'Reservations that were asked for and have not ended',
    query: z.strictObject({ ...pageQuery, shardID: shardName.optional() }),
    status: 200,
    response: pageOf(reservation).meta({ id: 'ReservationPage' }),
    problems: [],
  }),
  getReservation: operation({
    method: 'GET',
    path: '/reservations/{id}',
    tag: 'Service shards',
    summary: 'One reservation',
    params,
    status: 200,
    response: reservation,
    problems: ['not-found'],
  }),
  deleteReservation: operation({
    method: 'DELETE',
    path: '/reservations/{id}',
    tag: 'Service shards',
    summary: 'Ends a reservation; the plan frees what nothing else needs',
    params,
    status: 200,
    response: reservation,
    problems: ['not-found'],
  }),
};
