import { execFile } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DescribeExecutionCommand, ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { DynamoTable } from '../../adapters/aws/dynamo-table.ts';
import type { Item, Table } from '../../adapters/aws/table.ts';
import { type FunctionName, machineName } from '../../lambdas/environment.ts';
import type { Outputs } from './cdk.ts';
import { type ControlHalf, controlHalf, invoke, logLines } from './control-half.ts';
import { type FleetHalf, fleetHalf, groupsOf, type Site } from './fleet-half.ts';
import { callsAt } from './recorder.ts';
import { ACCOUNT, REGION, ROOT, type Where } from './servers.ts';

const run = promisify(execFile);
const FORESHARD = new URL('../../cli/foreshard.js', import.meta.url).pathname;

/** A deployed service, seen from outside: AWS's APIs alone. */
export class World {
  readonly control: ControlHalf = controlHalf();
  readonly fleet: FleetHalf = fleetHalf();
  readonly where: Where;
  readonly service: string;
  readonly site: Site;
  readonly outputs: Outputs;
  readonly table: Table;
  /** Minute (since the epoch) up to which the load of a shard was told. */
  readonly #told = new Map<string, number>();
  #nextTick = 0;

  constructor(where: Where, service: string, site: Site, outputs: Outputs) {
    this.where = where;
    this.service = service;
    this.site = site;
    this.outputs = outputs;
    this.table = new DynamoTable(this.control.dynamo, outputs.TableName!);
  }

  invoke(name: FunctionName, event: unknown): Promise<unknown> {
    return invoke(this.control, this.service, name, event);
  }

  /** Plans now, rather than at the next minute; at most every few seconds. */
  async tick(): Promise<void> {
    if (performance.now() < this.#nextTick) return;
    this.#nextTick = performance.now() + 4000;
    await this.invoke('plan', {});
  }

  groups() {
    return groupsOf(this.fleet, this.service);
  }

  log(from: number): Promise<string[]> {
    return logLines(this.control, this.service, from);
  }

  items(pk: string): Promise<readonly Item[]> {
    return this.table.query(pk);
  }

  /** Slices by the shard that they serve or are on their way to; `ready` for those without one. */
  async slices(shard: string): Promise<readonly Item[]> {
    const all = await this.items('slice');
    return all.filter(({ placement }) => (placement as { shard?: string }).shard === shard);
  }

  /** The state in words, for whoever reads why a test failed. */
  async summary(): Promise<string> {
    const { steady, spot } = await this.groups();
    const slices = await this.items('slice');
    const instances = await this.items('instance');
    const executions = (await this.executions('move')).map(({ status }) => status);
    const lines = [
      ...Object.entries({ steady, spot }).map(([name, { desired, instances: all }]) => {
        const each = all.map((one) => `${one.InstanceId} ${one.LifecycleState}`);
        return `${name}: desired ${desired}: ${each.join(', ')}`;
      }),
      ...slices.map(({ sk, placement, holder }) => `${sk} ${JSON.stringify(placement)} ${holder ?? ''}`),
      ...instances.map(({ pk: _, sk, ...rest }) => `${sk} ${JSON.stringify(rest)}`),
      `moves: ${executions.join(', ')}`,
    ];
    return lines.join('\n');
  }

  /** Executions of a machine, newest first. */
  async executions(flow: Parameters<typeof machineName>[1]) {
    const stateMachineArn = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${machineName(this.service, flow)}`;
    const { executions = [] } = await this.control.sfn.send(
      new ListExecutionsCommand({ stateMachineArn, maxResults: 1000 }),
    );
    return executions;
  }

  async outcome(executionArn: string): Promise<unknown> {
    const { output } = await this.control.sfn.send(new DescribeExecutionCommand({ executionArn }));
    return output === undefined ? undefined : JSON.parse(output);
  }

  /** What AWS says on the default bus. */
  async say(source: string, detailType: string, detail: unknown, resources: string[] = []): Promise<void> {
    await this.control.events.send(
      new PutEventsCommand({
        Entries: [
          { Source: source, DetailType: detailType, Detail: JSON.stringify(detail), Resources: resources },
        ],
      }),
    );
  }

  /**
   * What ALB tells CloudWatch of a shard: requests per second, in each of the `minutes` whole minutes up to `ago`
   * minutes ago. A minute that was told before stays as it was: CloudWatch would add the two.
   */
  async measure(shard: string, perSecond: number, minutes: number, ago = 0): Promise<void> {
    const route = await this.table.get('route', shard);
    const Dimensions = [
      { Name: 'TargetGroup', Value: String(route?.targetGroupName) },
      { Name: 'LoadBalancer', Value: String(route?.loadBalancer) },
    ];
    const newest = Math.floor(Date.now() / 60_000) - 1 - ago;
    const told = this.#told.get(shard) ?? 0;
    this.#told.set(shard, Math.max(told, newest));
    const points = Array.from({ length: minutes }, (_, i) => newest - i)
      .filter((minute) => minute > told)
      .map((minute) => ({
        MetricName: 'RequestCount',
        Dimensions,
        Timestamp: new Date(minute * 60_000),
        Value: perSecond * 60,
      }));
    for (let i = 0; i < points.length; i += 500)
      await this.control.cloudWatch.send(
        new PutMetricDataCommand({ Namespace: 'AWS/ApplicationELB', MetricData: points.slice(i, i + 500) }),
      );
  }

  /** Events of a type that the service has put on its bus, oldest first. */
  async published(type: string): Promise<readonly Record<string, unknown>[]> {
    const calls = await callsAt(this.where.ministack);
    return calls
      .filter(({ status }) => status === 200)
      .flatMap(({ events = [] }) => events)
      .filter((event) => event.type === type && event.detail.service === this.service)
      .map(({ detail }) => detail);
  }

  /** `npx foreshard` as a user runs it: what it prints on stdout. @throws {Error} with its stderr. */
  async foreshard(command: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [FORESHARD, command, ...args, '--service', this.service], {
      env: {
        PATH: '/usr/bin:/bin',
        HOME: this.where.folder,
        AWS_REGION: REGION,
        AWS_ACCESS_KEY_ID: ROOT.accessKeyId,
        AWS_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
        AWS_ENDPOINT_URL: this.where.ministack,
        AWS_ENDPOINT_URL_AUTO_SCALING: this.where.moto,
      },
    });
    return stdout;
  }

  wait(seconds: number): Promise<void> {
    return after(seconds * 1000);
  }
}
