import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, it } from 'vitest';
import { SystemClock } from '../../adapters/aws/clock.ts';
import { BusEvents } from '../../adapters/aws/events.ts';
import { SettingsChanged, SettingsMissing, SettingsStore } from '../../adapters/aws/settings-store.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { executionName, StepWorkflows } from '../../adapters/aws/workflows.ts';
import type { Ports } from '../../core/ports.ts';
import { eventsContract } from '../contracts/others.ts';
import { settingsOf } from '../world/fixtures.ts';
import { connection } from './connect.ts';

const clock = new SystemClock();

const harness = (parts: Partial<Ports>) => ({
  ports: unwiredPorts({ clock, ...parts }),
  settings: settingsOf(['web']),
  drive: <T>(work: Promise<T>) => work,
  wait: async () => {},
});

describe('BusEvents', () => {
  const client = new EventBridgeClient(connection('ministack'));
  beforeAll(() => client.send(new CreateEventBusCommand({ Name: 'contracts' })));
  eventsContract(async () => harness({ events: new BusEvents(client, 'contracts', 'test', clock) }));
});

/** MiniStack wants the role of a machine to be there. Its own client would be one more package for one call. */
async function role(name: string): Promise<string> {
  const { endpoint, region, credentials } = connection('ministack');
  const scope = `${credentials.accessKeyId}/20260101/${region}/iam/aws4_request`;
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({
      Action: 'CreateRole',
      Version: '2010-05-08',
      RoleName: name,
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [] }),
    }),
  });
  expect(answer.status).toBe(200);
  return /<Arn>([^<]+)/.exec(await answer.text())?.[1] ?? '';
}

describe('StepWorkflows', () => {
  it('runs a flow once per name, whatever characters it has', async () => {
    const client = new SFNClient(connection('ministack'));
    const definition = { StartAt: 'Done', States: { Done: { Type: 'Pass', End: true } } };
    const { stateMachineArn = '' } = await client.send(
      new CreateStateMachineCommand({
        name: 'contracts',
        roleArn: await role('contracts'),
        definition: JSON.stringify(definition),
      }),
    );
    const workflows = new StepWorkflows(client, { move: stateMachineArn });
    const long = `1767571200/i-0123456789abcdef0:8080/${'x'.repeat(60)}`;
    for (const [name, input] of [
      ['a', { n: 1 }],
      ['a', { n: 1 }],
      ['a', { n: 2 }],
      [long, { n: 3 }],
      [long, { n: 3 }],
    ] as const)
      await workflows.start('move', name, input);
    const { executions = [] } = await client.send(new ListExecutionsCommand({ stateMachineArn }));
    expect(executions.map(({ name }) => name).sort()).toEqual([executionName(long), 'a'].sort());
    const first = executions.find(({ name }) => name === 'a');
    const { input } = await client.send(new DescribeExecutionCommand({ executionArn: first?.executionArn }));
    expect(JSON.parse(input ?? '')).toEqual({ n: 1 });
  });
});

describe('SettingsStore', () => {
  it('reads again only what has changed, and lets one of two writers through', async () => {
    const client = new S3Client(connection('ministack'));
    await client.send(new CreateBucketCommand({ Bucket: 'contracts' }));
    const yaml = (max: number) =>
      `service: shop\nfleet: { max: ${max} }\nshards:\n  - { name: web, capacity: { perInstance: 100 } }\n`;
    const [one, other] = [new SettingsStore(client, 'contracts'), new SettingsStore(client, 'contracts')];
    await expect(one.read()).rejects.toThrow(SettingsMissing);
    const first = await one.write(yaml(10), 'my.yaml');
    const seen = await other.read();
    expect(seen).toMatchObject({ etag: first.etag, text: yaml(10), settings: { fleet: { max: 10 } } });
    expect(await other.read()).toBe(seen);
    await one.write(yaml(20), 'my.yaml', seen.etag);
    await expect(other.write(yaml(30), 'my.yaml', seen.etag)).rejects.toThrow(SettingsChanged);
    expect((await other.read()).settings.fleet.max).toBe(20);
  });
});
