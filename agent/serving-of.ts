import type { S3Client } from '@aws-sdk/client-s3';
import type { Table } from '../adapters/aws/table.ts';
import type { Config } from './config.ts';
import type { AgentClock } from './gateway/clock.ts';
import type { Log } from './log.ts';
import type { Host, Serving } from './serving.ts';

export interface ServingParts {
  readonly config: Config;
  readonly table: Table;
  readonly s3: S3Client;
  readonly host: Host;
  readonly address: string;
  readonly clock: AgentClock;
  readonly log: Log;
}

/** What serves the slots of this instance. */
export function servingOf(_: ServingParts): Serving {
  const none = () => Promise.reject(new Error('slots are not served yet'));
  return {
    open: none,
    close: async () => {},
    beaten: () => {},
    noticed: () => {},
    handOver: none,
    stop: async () => {},
  };
}
