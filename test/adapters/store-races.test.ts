import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { type Change, PK, type Table } from '../../adapters/aws/table.ts';
import type { StoredSlice } from '../../core/ports.ts';
import { moveTo, type Placement } from '../../core/shards/placement.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';

const SLICES = ['i-1:8080', 'i-2:8080'];
const HOLD = 10;
const WORKFLOWS = 3;

/** What one workflow does next. */
type Step = { readonly do: 'claim' | 'write' | 'release' | 'wait'; readonly slice: number };
const steps = fc.array(
  fc.record({
    // Mostly claims and writes: those are what must not cross.
    do: fc.constantFrom<Step['do']>('claim', 'claim', 'write', 'write', 'write', 'release', 'wait'),
    slice: fc.nat(SLICES.length - 1),
  }),
  { minLength: 3, maxLength: 10 },
);

/** Lets others go on before and after each call, as the scheduler pleases. */
function yielding(table: Table, turn: () => Promise<unknown>): Table {
  const take = async <T>(call: () => Promise<T>): Promise<T> => {
    await turn();
    const answer = await call();
    await turn();
    return answer;
  };
  return {
    get: (...args) => take(() => table.get(...args)),
    query: (...args) => take(() => table.query(...args)),
    put: (...args) => take(() => table.put(...args)),
    update: (...args) => take(() => table.update(...args)),
    delete: (...args) => take(() => table.delete(...args)),
  };
}

/** Judges each write of a workflow at the moment at which it is made. */
class Judged extends MemoryTable {
  readonly written: { slice: string; version: number; placement: Placement }[] = [];
  /** When the newest hold of each writer on each slice ends. */
  readonly until = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    super();
    this.#now = now;
  }

  as(writer: string): Table {
    return {
      get: (...args) => this.get(...args),
      query: (...args) => this.query(...args),
      put: (...args) => this.put(...args),
      delete: (...args) => this.delete(...args),
      update: async (pk, sk, change, only) => {
        // Both are called before anybody else has a turn.
        const [before, answer] = await Promise.all([this.get(pk, sk), this.update(pk, sk, change, only)]);
        if (answer.ok) this.#judge(writer, change, before as never, { slice: sk, ...answer.item } as never);
        return answer;
      },
    };
  }

  #judge(writer: string, change: Change, before: StoredSlice, after: StoredSlice): void {
    const { slice, version, placement } = after;
    if (change.set?.holder === undefined) expect(before.holder).toBe(writer);
    else if (before.holder !== undefined) expect(before.holderExpires).toBeLessThanOrEqual(this.#now());
    if (after.holderExpires !== undefined) this.until.set(`${writer} ${slice}`, after.holderExpires);
    if (change.set?.placement !== undefined) moveTo(slice, before.placement, placement);
    expect(version).toBe(before.version + 1);
    this.written.push({ slice, version, placement });
  }
}

const NEXT: Readonly<Record<Placement['kind'], (shard: string, since: number) => Placement>> = {
  ready: (shard, since) => ({ kind: 'activating', since, shard }),
  reserved: (shard, since) => ({ kind: 'activating', since, shard }),
  activating: (shard, since) => ({ kind: 'active', since, shard }),
  active: (shard, since) => ({ kind: 'draining', since, shard }),
  draining: (_, since) => ({ kind: 'ready', since }),
};

describe('many workflows at once', () => {
  it('never hold a slice together, and write only what they hold', async () => {
    const seen = { won: 0, lost: 0, taken: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(steps, { minLength: 2, maxLength: 5 }),
        async (s, programs) => {
          let now = 1000;
          const clock = { now: () => now };
          const table = new Judged(clock.now);
          for (const slice of SLICES) await new DynamoStore(table, clock).add(slice, 1);
          const workflow = async (program: readonly Step[], i: number): Promise<void> => {
            // Some are copies of one workflow: a step that runs twice at once.
            const holder = `workflow-${i % WORKFLOWS}`;
            const store = new DynamoStore(
              yielding(table.as(holder), () => s.schedule(Promise.resolve())),
              clock,
            );
            for (const step of program) {
              const slice = SLICES[step.slice]!;
              if (step.do === 'wait') {
                await s.schedule(Promise.resolve());
                now += HOLD / 2;
              } else if (step.do === 'release') await store.release(slice, holder);
              else if (step.do === 'claim') {
                const before = (await store.get(slice))!;
                const claimed = await store.claim(slice, before.version, holder, now + HOLD);
                seen[claimed.ok ? 'won' : 'lost']++;
                if (claimed.ok && before.holder !== undefined && before.holder !== holder) seen.taken++;
              } else {
                const began = now;
                const there = (await store.get(slice))!.placement;
                const shard = there.kind === 'ready' ? `shard-${i}` : there.shard;
                const next = NEXT[there.kind](shard, now);
                const written = await store.put(slice, holder, next).catch((error) => {
                  // A copy of it, or an owner in between, has moved the slice on since.
                  expect(error.name).toBe('IllegalTransition');
                  return { ok: false };
                });
                if (written.ok) expect(began).toBeLessThan(table.until.get(`${holder} ${slice}`) ?? 0);
                else seen.refused++;
              }
            }
          };
          await s.waitFor(Promise.all(programs.map(workflow)));

          for (const slice of SLICES) {
            const versions = table.written.filter((one) => one.slice === slice).map(({ version }) => version);
            expect(versions).toEqual(versions.map((_, i) => i + 2));
            const { placement } = (await table.get(PK.slice, slice)) as unknown as { placement: Placement };
            expect(placement).toEqual(
              table.written.filter((one) => one.slice === slice).at(-1)?.placement ?? {
                kind: 'ready',
                since: 1,
              },
            );
          }
        },
      ),
      { numRuns: 600, seed: 11 },
    );
    // All of it has happened, or nothing was shown.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });
});
