import { packPlan } from '../../adapters/aws/plan-record.ts';
import { Records } from '../../adapters/aws/records.ts';
import { PK } from '../../adapters/aws/table.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { Plan } from '../../core/capacity/plan.ts';
import type { SliceRisk } from '../../core/interruption/risk.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { requestSchema } from '../../lambdas/api/event.ts';
import { oncePerKey } from '../../lambdas/api/idempotency.ts';
import type { ApiParts } from '../../lambdas/api/parts.ts';
import { serve } from '../../lambdas/api/serve.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf } from '../routes/factories.ts';
import { T0 } from '../world/fixtures.ts';
import { eventOf, type HttpRequest } from './gateway.ts';
import { idempotencyItems } from './idempotency-items.ts';
import { memoryVms } from './memory-vms.ts';

export const SETTINGS = settingsOf(
  [
    { name: 'cart', guarantee: 2, handOver: { state: 'copy' } },
    { name: 'search' },
    { name: 'quiet', mode: 'shadow' },
  ],
  { reserves: { max: 4 } },
);

const RISK: SliceRisk = {
  slice: 'i-1:8080',
  instance: 'i-1',
  shard: 'cart',
  pool: { type: 'm7i.large', zone: 'a' },
  likelihood: { within15: 0.1, within60: 0.4, parts: { base: 0.4 } },
  cost: { total: 0.5, dataLoss: 1, rollback: 0, degraded: 0, parts: { state: 1 } },
  score: 0.2,
  stateMiB: 512,
  dirtyMiBps: 1,
};

/** The API over a table in memory; what it starts is kept. */
export class Stage {
  readonly table = new MemoryTable();
  readonly clock = new VirtualClock(T0);
  readonly started: { readonly name: string; readonly input: unknown }[] = [];
  readonly unexpected: Error[] = [];
  risks: readonly SliceRisk[] = [RISK, { ...RISK, slice: 'i-2:8080', instance: 'i-2', score: 0.3 }];
  #ids = 0;
  readonly #once = oncePerKey('table', idempotencyItems);

  readonly parts: ApiParts = {
    clock: this.clock,
    table: this.table,
    workflows: { start: async (_, name, input) => void this.started.push({ name, input }) },
    settings: async () => SETTINGS,
    risks: async () => ({ at: T0, risks: this.risks }),
    vm: memoryVms(this.clock),
    newId: () => `0${this.#ids++}`,
  };

  /** @returns status and body; 404 where no route matches, as the gateway says it */
  async ask(request: HttpRequest) {
    const event = eventOf(request);
    if (event === undefined) return { status: 404, body: { message: 'Not Found' }, type: 'application/json' };
    const answer = await serve(requestSchema.parse(event), {
      parts: this.parts,
      once: this.#once,
      remaining: () => 29_000,
      unexpected: (error) => void this.unexpected.push(error),
    });
    return {
      status: answer.statusCode,
      body: JSON.parse(answer.body),
      type: answer.headers['content-type']!,
    };
  }

  get = (url: string) => this.ask({ method: 'GET', url });
  send = (method: string, url: string, body?: unknown, headers: Record<string, string> = {}) =>
    this.ask({ method, url, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });

  async add(slice: string, placement: Placement): Promise<void> {
    await this.table.put({ pk: PK.slice, sk: slice, placement, version: 1 });
  }

  /** A fleet with a plan and moves. */
  async seed(): Promise<void> {
    await this.add('i-1:8080', { kind: 'active', shard: 'cart', since: T0 });
    await this.add('i-2:8080', { kind: 'active', shard: 'cart', since: T0 });
    await this.add('i-3:8080', {
      kind: 'reserved',
      shard: 'cart',
      also: ['search'],
      since: T0,
      until: T0 + 900,
    });
    await this.add('i-4:8080', { kind: 'ready', since: T0 });
    await this.add('i-5:8080', { kind: 'active', shard: 'quiet', since: T0 });
    const reason = { rule: 'forecast' as const, ahead: 70, need: 300, have: 200, considered: ['nothing'] };
    const plan: Plan = {
      at: T0,
      moves: [],
      fleet: [],
      desired: { steady: 5, spot: 0, warm: 3 },
      pool: { target: 1, ready: 1, bound: 10 },
      shards: [{ shard: 'cart', mode: 'active', have: 200, coming: 0, want: 300, guarantee: 2, reason }],
      findings: [],
    };
    const packed = packPlan({ plan, moves: [], actions: [], refused: [], failures: [] });
    await this.table.put({ pk: PK.plan, sk: 'latest', at: T0, plan: packed });
    const records = new Records(this.table);
    for (let i = 0; i < 3; i++)
      await records.started(T0 - 60 * (3 - i), {
        id: `m${i}`,
        slice: `i-${i + 1}:8080`,
        from: { kind: 'ready' },
        to: { kind: 'active', shard: i === 1 ? 'search' : 'cart' },
        reason,
      } as never);
  }
}
