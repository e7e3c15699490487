import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { type Change, PK, type Table, type Updated } from '../../adapters/aws/table.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';

const SLICES = ['i-1:8080', 'i-2:8080'];
const HOLD = 10;

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

/** Judges each write at the moment at which it is made, knowing who holds what. */
class Judge extends MemoryTable {
  readonly written: { slice: string; version: number; placement: Placement }[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    super();
    this.#now = now;
  }

  override async update(pk: string, sk: string, change: Change, only?: never): Promise<Updated> {
    const before = await super.get(pk, sk);
    const answer = await super.update(pk, sk, change, only);
    if (!answer.ok || before === undefined) return answer;
    const holder = change.set?.holder;
    if (holder !== undefined && before.holder !== undefined)
      expect(before.holderExpires, `${holder} takes ${sk} from ${before.holder}`).toBeLessThanOrEqual(
        this.#now(),
      );
    expect(answer.item.version).toBe((before.version as number) + 1);
    const { version, placement } = answer.item as unknown as { version: number; placement: Placement };
    this.written.push({ slice: sk, version, placement });
    return answer;
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
          const table = new Judge(clock.now);
          for (const slice of SLICES) await new DynamoStore(table, clock).add(slice, 1);
          const store = new DynamoStore(
            yielding(table, () => s.schedule(Promise.resolve())),
            clock,
          );

          const workflow = async (program: readonly Step[], i: number): Promise<void> => {
            const holder = `workflow-${i}`;
            /** Until when it may believe that it holds the slice. */
            const until = new Map<string, number>();
            for (const step of program) {
              const slice = SLICES[step.slice]!;
              if (step.do === 'wait') {
                await s.schedule(Promise.resolve());
                now += HOLD / 2;
              } else if (step.do === 'release') {
                until.delete(slice);
                await store.release(slice, holder);
              } else if (step.do === 'claim') {
                const before = (await store.get(slice))!;
                const expires = now + HOLD;
                const claimed = await store.claim(slice, before.version, holder, expires);
                seen[claimed.ok ? 'won' : 'lost']++;
                if (!claimed.ok) continue;
                if (before.holder !== undefined && before.holder !== holder) seen.taken++;
                until.set(slice, claimed.slice.holderExpires!);
              } else {
                const began = now;
                const there = (await store.get(slice))!.placement;
                const shard = there.kind === 'ready' ? `shard-${i}` : there.shard;
                const written = await store
                  .put(slice, holder, NEXT[there.kind](shard, now))
                  .catch((error) => {
                    // It read before another owner moved the slice on, and has taken it over since.
                    expect(error.name).toBe('IllegalTransition');
                    return { ok: false };
                  });
                if (began >= (until.get(slice) ?? 0)) expect(written.ok).toBe(false);
                if (!written.ok) seen.refused++;
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
