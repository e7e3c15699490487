import type { S3Client } from '@aws-sdk/client-s3';
import type { Leases } from '../../adapters/aws/leases.ts';
import type { Modes } from '../../adapters/aws/modes.ts';
import type { ElbClient } from '../../adapters/aws/routes-read.ts';
import type { SettingsStore } from '../../adapters/aws/settings-store.ts';
import type { Table } from '../../adapters/aws/table.ts';
import type { Clock, Events } from '../../core/ports.ts';

/** What route-sync works with. */
export interface SyncParts {
  readonly elb: ElbClient;
  /** Reads the settings that a deploy brings, in CDK's asset bucket. */
  readonly s3: Pick<S3Client, 'send'>;
  readonly table: Table;
  readonly leases: Leases;
  readonly settings: SettingsStore;
  readonly modes: Modes;
  readonly events: Events;
  readonly clock: Clock;
  /** Tells runs apart, e.g. a random id. */
  readonly run: string;
}
