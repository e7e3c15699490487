import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CloudWatchMetrics } from '../../adapters/aws/cloudwatch.ts';
import { AwsFleet } from '../../adapters/aws/fleet.ts';
import type { FleetParts } from '../../adapters/aws/fleet-parts.ts';
import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { handOverPorts } from '../../adapters/aws/hand-over/ports.ts';
import { Leases } from '../../adapters/aws/leases.ts';
import type { AwsLoadBalancer } from '../../adapters/aws/load-balancer.ts';
import { sweptHealth } from '../../adapters/aws/load-balancer-swept.ts';
import { LoadRecords } from '../../adapters/aws/load-records.ts';
import { Modes } from '../../adapters/aws/modes.ts';
import { Records } from '../../adapters/aws/records.ts';
import { ReportedMetrics } from '../../adapters/aws/reported.ts';
import { ReserveRecords } from '../../adapters/aws/reserve-records.ts';
import { RiskRecords } from '../../adapters/aws/risk-records.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import type { Table } from '../../adapters/aws/table.ts';
import { TickMemory } from '../../adapters/aws/tick-memory.ts';
import { VmItems } from '../../adapters/aws/vm-items.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { Events, Hosts, LoadBalancer, Workflows } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { MinuteParts, Service } from '../../flows/minute-parts.ts';

/** What `plan` speaks to. Tests and benches hand in models. */
export interface PlanWorld extends Omit<FleetParts, 'settings'> {
  readonly table: Table;
  readonly cloudWatch: Pick<CloudWatchClient, 'send'>;
  /** Where the instances report, for `metrics.source: reporter`. */
  readonly logs: Pick<CloudWatchLogsClient, 'send'>;
  readonly reportGroup: string;
  readonly loadBalancer: LoadBalancer & Pick<AwsLoadBalancer, 'states'>;
  readonly hosts: Hosts;
  readonly events: Events;
  readonly workflows: Workflows;
  readonly settings: MinuteParts['settings'];
  readonly start: MinuteParts['start'];
  /** Told in words what a person should know. */
  readonly warn: (problem: string) => void;
}

/** The tick's parts on AWS. Lives as long as the process: fleet and metrics remember what they saw last. */
export function planParts(world: PlanWorld): MinuteParts {
  const { table, clock, events, start } = world;
  const leases = new Leases(table);
  let kept: Kept | undefined;
  return {
    clock,
    events,
    planner: plan,
    settings: world.settings,
    modes: new Modes(table),
    service: (settings) => {
      if (kept?.settings !== settings) kept = keep(world, settings);
      return serviceOf(world, kept);
    },
    forecasts: new ForecastStore(table),
    loads: new LoadRecords(table),
    records: new Records(table),
    lease: {
      take: (holder, expires, now) => leases.take('plan', holder, expires, now),
      release: (holder) => leases.release('plan', holder),
    },
    memory: new TickMemory(table),
    risk: new RiskRecords(table),
    reserves: new ReserveRecords(table),
    vms: new VmItems(table),
    start,
  };
}

/** What outlasts a tick, as long as the settings are the same. */
interface Kept {
  readonly settings: Settings;
  readonly fleet: AwsFleet;
  readonly metrics: CloudWatchMetrics | ReportedMetrics;
  readonly store: DynamoStore;
}

function keep(world: PlanWorld, settings: Settings): Kept {
  const { table, clock, cloudWatch: client, warn } = world;
  const store = new DynamoStore(table, clock);
  const others = new CloudWatchMetrics({ client, clock, warn, table, settings, store });
  const reports = { client: world.logs, group: world.reportGroup, clock, warn };
  const reported = settings.metrics.source === 'reporter';
  const metrics = reported ? new ReportedMetrics({ ...reports, settings, store, others }) : others;
  return { settings, store, fleet: new AwsFleet({ ...world, settings }), metrics };
}

function serviceOf(world: PlanWorld, { fleet, metrics, store }: Kept): Service {
  const { table, clock, events, hosts, loadBalancer, workflows } = world;
  const swept = sweptHealth(table, store, loadBalancer);
  return {
    ports: { clock, fleet, loadBalancer, hosts, metrics, store, events, workflows, ...handOverPorts(table) },
    health: (shard, slice) => swept.health(shard, slice),
    fleet,
    newLoads: () => metrics.minutes.take(),
  };
}
