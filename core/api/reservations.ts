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

const params = z.object({ id: reservationId });

export const RESERVATIONS = {
  requestPreAllocation: operation({
    method: 'POST',
    path: '/reservations',
    tag: 'Either kind',
    summary: 'Asks for slices to be held ready for a shard',
    description:
      'The plan holds them with its next tick, within `fleet.reserves.max` of the settings, in another Spot pool than the ones at risk. VM shards are refused: their spare vCPU and RAM on another instance are looked for when they move.',
    body: z.strictObject({
      shardID: shardId,
      resourceRequest: z.strictObject({
        slices: z.int().min(1).max(10_000).meta({ description: 'How many slices.' }),
        seconds: z.int().min(60).max(86_400).default(3600).meta({ description: 'For how long.' }),
      }),
    }),
    status: 201,
    response: reservation,
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
