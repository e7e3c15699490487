import { LoadRecords } from '../../adapters/aws/load-records.ts';
import { Modes } from '../../adapters/aws/modes.ts';
import { Records } from '../../adapters/aws/records.ts';
import { RiskRecords } from '../../adapters/aws/risk-records.ts';
import type { Table } from '../../adapters/aws/table.ts';
import { VmItems } from '../../adapters/aws/vm-items.ts';
import type { Measured } from '../../core/capacity/plan.ts';
import type { SliceRisk } from '../../core/interruption/risk.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import { layoutsOf } from '../../core/vm/layout.ts';
import { readRiskInputs } from '../../flows/risk.ts';
import { readSnapshot } from '../../flows/snapshot.ts';

/** Load that is older says nothing of now. */
const RECENT: Seconds = 10 * MINUTE;

/** The risk of every serving slice, by the fleet as it is now; loads are the recorded ones, of a minute or two ago. */
export async function readRisks(
  ports: Ports,
  table: Table,
  settings: Settings,
): Promise<{ at: Seconds; risks: readonly SliceRisk[] }> {
  const [risk, measured, vms, switched] = await Promise.all([
    readRiskInputs(ports, new RiskRecords(table), settings),
    recorded(table, ports.clock.now()),
    new VmItems(table).list(),
    new Modes(table).read(),
  ]);
  const given = { ...switched, risk, measured, layouts: layoutsOf(vms) };
  const { snapshot } = await readSnapshot(ports, settings, given);
  return { at: snapshot.at, risks: snapshot.risks ?? [] };
}

/** What the plan has measured, as far as it is written down: load over the capacity that it found. */
async function recorded(table: Table, now: Seconds): Promise<readonly Measured[]> {
  const [loads, plan] = await Promise.all([
    new LoadRecords(table).read(now - RECENT, now),
    new Records(table).latestPlan(),
  ]);
  return (plan?.shards ?? []).flatMap(({ shard, have }) => {
    const newest = loads.get(shard)?.at(-1);
    if (newest === undefined) return [];
    const { time, load } = newest;
    return [{ shard, time, load, ...(have > 0 && { utilization: load / have }) }];
  });
}
