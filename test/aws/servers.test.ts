import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import { connection } from './connect.ts';

describe('the servers', () => {
  it('have a table service', async () => {
    const client = new DynamoDBClient(connection('ministack'));
    await client.send(
      new CreateTableCommand({
        TableName: 'there',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    expect((await client.send(new ListTablesCommand({}))).TableNames).toContain('there');
  });

  it('have groups', async () => {
    const client = new AutoScalingClient(connection('moto'));
    expect((await client.send(new DescribeAutoScalingGroupsCommand({}))).AutoScalingGroups).toBeDefined();
  });

  it('take events with the sources of AWS', async () => {
    const client = new EventBridgeClient(connection('ministack'));
    const entry = { Source: 'aws.ec2', DetailType: 'Test', Detail: '{}' };
    expect((await client.send(new PutEventsCommand({ Entries: [entry] }))).FailedEntryCount).toBe(0);
  });
});
