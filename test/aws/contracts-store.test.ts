import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { DynamoTable } from '../../adapters/aws/dynamo-table.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { PK } from '../../adapters/aws/table.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import { shardStoreContract } from '../contracts/shard-store.ts';
import { tableContract } from '../contracts/table.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';
import { connection } from './connect.ts';

const TableName = 'contracts-store';
const client = new DynamoDBClient(connection('ministack'));
const table = new DynamoTable(client, TableName);

beforeAll(async () => {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
});

async function clear(): Promise<void> {
  for (const { pk, sk } of await table.query(PK.slice)) await table.delete(pk, sk);
}

describe('DynamoTable', () => {
  tableContract(async () => table);
});

describe('DynamoStore', () => {
  // Its waits are the table's round trips, which virtual time does not see: only holds run out by it.
  shardStoreContract(async () => {
    await clear();
    const clock = new VirtualClock(T0);
    return {
      ports: unwiredPorts({ clock, store: new DynamoStore(table, clock) }),
      settings: settingsOf(['web']),
      drive: (work) => work,
      wait: (seconds) => clock.runUntil(clock.now() + seconds),
    };
  });

  it('lets one of 64 racing workflows have each of 16 slices, and nobody write what it has lost', async () => {
    await clear();
    let now = T0;
    const store = new DynamoStore(table, { now: () => now });
    const slices = Array.from({ length: 16 }, (_, i) => `i-${i}:8080`);
    await Promise.all(slices.map((slice) => store.add(slice, now)));
    let dead: { slice: string; holder: string }[] = [];

    for (let round = 0; round < 4; round++) {
      const since = now;
      const seen = new Map((await store.slices()).map((one) => [one.slice, one]));
      expect(seen.size).toBe(slices.length);
      const claims = Array.from({ length: 64 }, async (_, i) => {
        const slice = slices[i % slices.length]!;
        const holder = `round-${round}/workflow-${i}`;
        const claimed = await store.claim(slice, seen.get(slice)!.version, holder, now + 60);
        return claimed.ok ? [{ slice, holder }] : [];
      });
      // Those of the last round that died write too, while the others claim.
      const late = dead.map(({ slice, holder }) =>
        store.put(slice, holder, { kind: 'activating', since, shard: 'late' }),
      );
      const won = (await Promise.all(claims)).flat();
      expect(won.map(({ slice }) => slice).sort()).toEqual([...slices].sort());
      for (const written of await Promise.all(late)) expect(written.ok).toBe(false);

      // Every other winner does its move; the rest die where they are.
      const moves = won.filter((_, i) => i % 2 === 0);
      dead = won.filter((_, i) => i % 2 === 1);
      await Promise.all(
        moves.map(async ({ slice, holder }) => {
          for (const kind of ['activating', 'active', 'draining'] as const)
            expect((await store.put(slice, holder, { kind, since, shard: holder })).ok).toBe(true);
          expect((await store.put(slice, holder, { kind: 'ready', since })).ok).toBe(true);
          await store.release(slice, holder);
        }),
      );
      const after = new Map((await store.slices()).map((one) => [one.slice, one]));
      for (const { slice, holder } of moves) {
        expect(after.get(slice)?.holder).toBeUndefined();
        expect((await store.put(slice, holder, { kind: 'activating', since, shard: 'late' })).ok).toBe(false);
      }
      for (const { slice, holder } of dead)
        expect(after.get(slice)).toMatchObject({ holder, placement: { kind: 'ready' } });
      now += 61;
    }
  });
});
