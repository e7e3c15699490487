import type { Json } from '../../adapters/local/asl/paths.ts';
import type { Clock } from '../../core/ports.ts';
import { handler as activateSlice } from '../../lambdas/activate-slice/handler.ts';
import { handler as awaitHandOver } from '../../lambdas/await-hand-over/handler.ts';
import { handler as awaitTarget } from '../../lambdas/await-target/handler.ts';
import { handler as claimSlice } from '../../lambdas/claim-slice/handler.ts';
import { handler as commitMove } from '../../lambdas/commit-move/handler.ts';
import { handler as evacuateSlice } from '../../lambdas/evacuate-slice/handler.ts';
import { handler as finishEvacuation } from '../../lambdas/finish-evacuation/handler.ts';
import { handler as handOverSlots } from '../../lambdas/hand-over-slots/handler.ts';
import { parseInput } from '../../lambdas/lib/input.ts';
import { handler as noteInterruption } from '../../lambdas/note-interruption/handler.ts';
import { handler as openHandOver } from '../../lambdas/open-hand-over/handler.ts';
import { handler as placeStandby } from '../../lambdas/place-standby/handler.ts';
import { handler as redirectTraffic } from '../../lambdas/redirect-traffic/handler.ts';
import { handler as undoMove } from '../../lambdas/undo-move/handler.ts';
import { handler as wakeInstance } from '../../lambdas/wake-instance/handler.ts';

const HANDLERS = {
  'claim-slice': claimSlice,
  'await-target': awaitTarget,
  'activate-slice': activateSlice,
  'commit-move': commitMove,
  'undo-move': undoMove,
  'wake-instance': wakeInstance,
  'place-standby': placeStandby,
  'note-interruption': noteInterruption,
  'hand-over-slots': handOverSlots,
  'open-hand-over': openHandOver,
  'await-hand-over': awaitHandOver,
  'redirect-traffic': redirectTraffic,
  'evacuate-slice': evacuateSlice,
  'finish-evacuation': finishEvacuation,
};

/** A function that a state machine calls. */
export type Step = keyof typeof HANDLERS;

const quiet = { info() {}, warn() {}, error() {} };

/** The work of a step's real handler, with its input parsed, over `parts` in place of what it would wire itself. */
export async function runStep(name: Step, payload: Json, parts: unknown, clock: Clock): Promise<unknown> {
  const { schema, work } = HANDLERS[name] as unknown as {
    schema: typeof claimSlice.schema;
    work: (event: unknown, working: unknown) => Promise<unknown>;
  };
  return work(parseInput(name, schema, payload), {
    env: {},
    parts,
    logger: quiet,
    metrics: { addMetric() {} },
    now: () => clock.now(),
    remaining: () => 900_000,
  });
}
