import { readFileSync } from 'node:fs';
import { type GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { parse } from 'yaml';
import { CloudWatchMetrics } from '../../adapters/aws/cloudwatch.ts';
import { ForecasterStates } from '../../adapters/aws/forecaster-states.ts';
import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { LoadRecords } from '../../adapters/aws/load-records.ts';
import { DAY, HOUR, MINUTE, type Seconds, WEEK } from '../../core/time.ts';
import { FLASH_CROWD, SHARDS, START, STEP, shopLoad } from '../../examples/shop-load.ts';
import { forecast } from '../../lambdas/forecast/work.ts';
import { PlanStage } from '../../test/lambdas/plan-stage.ts';
import { LocalMachines } from '../../test/statemachines/local.ts';

/** The clock of the model begins so long after the example's: a whole number of weeks, so that days stay what they are. */
const LATER: Seconds = 16 * WEEK;
export const CROWD: Seconds = FLASH_CROWD + LATER;
/** The fleet starts from nothing; the picture begins when it has come up. */
const BEGIN: Seconds = CROWD - 4 * HOUR - 10 * MINUTE;
/** What CloudWatch keeps of minutes. */
const HISTORY: Seconds = 14 * DAY;

const IN_PICTURE = ['catalog', 'search', 'checkout', 'recommendations', 'gift-finder', 'reviews'];
/** A group of others' with so many hosts, that is watched and not touched. */
const SHADOW = { shard: 'reviews', hosts: 4, group: 'targetgroup/reviews/0123456789abcdef' };

export function settingsText(): string {
  const settings = parse(readFileSync('examples/shop.yaml', 'utf8'));
  settings.calendar = [];
  settings.shards = settings.shards.filter(({ name }: { name: string }) => IN_PICTURE.includes(name));
  const shadow = settings.shards.find(({ name }: { name: string }) => name === SHADOW.shard);
  const targetGroup = `arn:aws:elasticloadbalancing:eu-west-1:123456789012:${SHADOW.group}`;
  Object.assign(shadow, { mode: 'shadow', targetGroup });
  return JSON.stringify(settings);
}

/** Load of each shard at each minute. */
function loads(): Map<string, (time: Seconds) => number> {
  const rows = shopLoad().trim().split('\n').slice(1);
  const values = rows.map((row) => row.split(',').slice(1).map(Number));
  return new Map(
    SHARDS.map((shard, s) => [
      shard,
      (time) => {
        const step = (time - LATER - START) / STEP;
        const [before, after] = [values[Math.floor(step)]![s]!, values[Math.ceil(step)]![s]!];
        return before + (step - Math.floor(step)) * (after - before);
      },
    ]),
  );
}

/**
 * The plan's stage with what it leaves out: forecasts by the function `forecast`, its first history from CloudWatch, and
 * moves by the state machines with the steps' own work. Load is SYNTHETIC (examples/shop-load.ts), so many weeks later.
 */
export class Evening extends PlanStage {
  readonly #loads = loads();
  readonly #states = new Map<string, Uint8Array>();

  async begin(): Promise<void> {
    const { world } = this;
    const { clock, settings, table, loadBalancer } = world;
    const states = (shard: string) => loadBalancer.states(shard);
    const ground = { clock, settings, table, ports: this.ports, states, violations: async () => [] };
    const machines = new LocalMachines(world, ground);
    this.ports.workflows.start = (flow, name, input) => machines.ports.workflows.start(flow, name, input);
    await clock.runUntil(BEGIN);
    for (let at = BEGIN - HISTORY; at < BEGIN; at += MINUTE) this.#measured(at);
  }

  override async before(): Promise<void> {
    const { clock, table, settings, store } = this.world;
    const at = clock.now();
    this.#measured(at - MINUTE);
    const warn = () => {};
    const metrics = new CloudWatchMetrics({
      client: this.cloudWatch.client,
      clock,
      warn,
      table,
      settings,
      store,
    });
    const [records, forecasts] = [new LoadRecords(table), new ForecastStore(table)];
    const states = new ForecasterStates(this.#bucket as never, 'b');
    const parts = () => ({ records, metrics, states, forecasts });
    const result = await this.world.drive(
      forecast({ clock, settings: async () => settings, parts }, {}, at + 5 * MINUTE),
    );
    if (!('outcome' in result) || result.outcome !== 'done')
      throw new Error(`forecast: ${JSON.stringify(result)}`);
    await this.world.drive(this.world.look());
  }

  #measured(at: Seconds): void {
    for (const { name } of this.world.settings.shards)
      this.cloudWatch.put(`RequestCount/${name}`, { [at]: this.#loads.get(name)!(at) * MINUTE });
    this.cloudWatch.put(`HealthyHostCount/${SHADOW.shard}`, { [at]: SHADOW.hosts });
  }

  readonly #bucket = {
    send: async (command: GetObjectCommand | PutObjectCommand) => {
      const { Key, Body } = command.input as { Key: string; Body?: Uint8Array };
      if (command instanceof PutObjectCommand) return void this.#states.set(Key, Body!);
      const body = this.#states.get(Key);
      if (body === undefined) throw new NoSuchKey({ message: Key, $metadata: {} });
      return { Body: { transformToByteArray: async () => body } };
    },
  };
}
