import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoTable } from '../../../adapters/aws/dynamo-table.ts';
import { SETTINGS_KEY } from '../../../adapters/aws/settings-store.ts';
import { CONTROL_ADDRESS } from '../rig/network.ts';
import { ended, eventually } from '../rig/processes.ts';

const SERVER = new URL('../../aws/server.py', import.meta.url).pathname;
const PORT = 4566;
export const REGION = 'us-east-1';
export const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };
/** Where agents and control plane find DynamoDB and S3, in the test's network. */
export const ENDPOINT = `http://${CONTROL_ADDRESS}:${PORT}`;

export interface CloudOptions {
  readonly python: string;
  /** For its log. */
  readonly folder: string;
  readonly table: string;
  readonly bucket: string;
  readonly settings: string;
}

/** MiniStack on the bridge, with the service's table and its bucket with the settings. */
export class Cloud {
  readonly table: DynamoTable;
  readonly #server: ChildProcess;

  private constructor(server: ChildProcess, table: DynamoTable) {
    this.#server = server;
    this.table = table;
  }

  static async start({ python, folder, table, bucket, settings }: CloudOptions): Promise<Cloud> {
    // Its own group; it ends when its standard input does: when this process ends.
    const server = spawn(python, [SERVER, 'ministack', String(PORT)], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        TMPDIR: folder,
        PYTHONUNBUFFERED: '1',
        BIND_HOST: CONTROL_ADDRESS,
        GATEWAY_PORT: String(PORT),
        SFTP_ENABLED: '0',
        IOT_MTLS_ENABLED: '0',
      },
    });
    const log = createWriteStream(join(folder, 'ministack.log'));
    server.stdout.pipe(log, { end: false });
    server.stderr.pipe(log, { end: false });
    await eventually('MiniStack answers', async () => {
      if (server.exitCode !== null) throw new Error(`MiniStack ended: see ${folder}/ministack.log`);
      return (await fetch(`${ENDPOINT}/_ministack/health`)).ok;
    });
    const client = { endpoint: ENDPOINT, region: REGION, credentials: CREDENTIALS };
    const dynamo = new DynamoDBClient(client);
    await dynamo.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      }),
    );
    const s3 = new S3Client(client);
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: SETTINGS_KEY, Body: settings }));
    return new Cloud(server, new DynamoTable(dynamo, table));
  }

  async stop(): Promise<void> {
    this.#server.stdin?.end();
    await ended(this.#server);
  }
}
