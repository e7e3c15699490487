import type { Agent } from 'node:http';
import { messageOf } from '../../core/failure.ts';
import type { Seconds } from '../../core/time.ts';
import type { AgentClock } from './clock.ts';
import type { Exchange, Outcome } from './exchange.ts';
import { HOP } from './headers.ts';
import { isAmbiguous, type SlotRule, slotOfRequest } from './key.ts';
import type { GatewayLimits } from './limits.ts';
import type { Address, Peers } from './peers.ts';
import type { Queue } from './queue.ts';
import type { Refusal } from './refusal.ts';
import type { SlotTable } from './slot-table.ts';

export interface RouterParts {
  readonly rule: SlotRule;
  readonly table: SlotTable;
  readonly peers: Peers;
  readonly queue: Queue;
  readonly limits: GatewayLimits;
  readonly clock: AgentClock;
  readonly app: Address;
  readonly appAgent: Agent;
  readonly peerAgent: Agent;
  /** Reads again who holds the slots. */
  readonly refresh: () => Promise<void>;
}

/** Between two tries at holders, times the number of tries. */
const PAUSE: Seconds = 0.05;

const UNCLEAR =
  'the connection was lost, or the slot has moved on, before there was an answer; it may have been done';

/** Brings a request to the holder of its slot, whoever that is by then. Ends with an answer, or a refusal that says why. */
export async function route(exchange: Exchange, parts: RouterParts): Promise<void> {
  const { table, clock, limits, queue } = parts;
  if (isAmbiguous(exchange.request, parts.rule))
    return exchange.refuse({
      status: 400,
      why: 'expected one way to read whose state is meant, got several',
    });
  const slot = slotOfRequest(exchange.request, parts.rule);
  const isHop = exchange.request.headers[HOP] !== undefined;
  const patience = new AbortController();
  const cancel = clock.after(limits.holdSeconds, () => patience.abort(new Error('patience is over')));
  const stopped = AbortSignal.any([patience.signal, exchange.over]);
  let leave: (() => void) | undefined;
  let tries = 0;
  let isLooked = false;
  const busy = (why: string): Refusal => ({ status: 503, why });
  try {
    for (;;) {
      if (exchange.over.aborted) return;
      const admission = table.admit(slot);
      let outcome: Outcome;
      if (admission.to === 'app') {
        leave?.();
        outcome = await exchange.toApp(parts.app, admission.ticket, parts.appAgent);
        if (outcome === 'unreachable') return exchange.refuse(busy('the application does not answer'));
      } else if (admission.to !== 'wait' && isHop) {
        // The other gateway may know more.
        if (!isLooked) {
          isLooked = true;
          await parts.refresh();
          continue;
        }
        return exchange.refuse({ ...busy('this slice does not hold the slot'), notHolder: true });
      } else if (admission.to === 'holder') {
        outcome = await toHolder(exchange, admission.slice, parts);
      } else {
        leave ??= queue.enter(exchange.request);
        if (leave === undefined) return exchange.refuse(busy('too many requests wait for their slot'));
        if (admission.to === 'nobody' && !isLooked) {
          isLooked = true;
          await parts.refresh();
          continue;
        }
        if (!(await waited(stopped, () => table.changed(stopped))))
          return exchange.refuse(busy('the slot is on its way, or nobody holds it'));
        continue;
      }
      if (outcome === 'answered') return;
      if (!exchange.mayRepeat(outcome))
        return exchange.refuse(
          outcome === 'not-holder' ? busy('the slot has moved') : { status: 502, why: UNCLEAR },
        );
      tries += 1;
      if (tries >= limits.tries || stopped.aborted)
        return exchange.refuse(busy('the holder of the slot does not answer'));
      if (outcome !== 'fenced') {
        await parts.refresh();
        if (!(await waited(stopped, () => clock.sleep(PAUSE * tries, stopped))))
          return exchange.refuse(busy('the holder of the slot does not answer'));
      }
    }
  } catch (error) {
    exchange.refuse(busy(`who holds the slot cannot be found out: ${messageOf(error)}`));
  } finally {
    leave?.();
    cancel();
  }
}

async function toHolder(
  exchange: Exchange,
  slice: string,
  { peers, peerAgent }: RouterParts,
): Promise<Outcome> {
  const address = await peers.of(slice);
  if (address === undefined) return 'unreachable';
  const outcome = await exchange.toHolder(address, peerAgent);
  if (outcome === 'unreachable') peers.wrong(slice);
  return outcome;
}

/** False: the wait was given up. @throws what is not of that */
async function waited(stopped: AbortSignal, wait: () => Promise<void>): Promise<boolean> {
  try {
    await wait();
    return true;
  } catch (error) {
    if (stopped.aborted) return false;
    throw error;
  }
}
