import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import type { Clock, Event, Events } from '../../core/ports.ts';
import { formatStamp } from '../../core/settings/stamp.ts';

/** `source` of every event that Foreshard publishes. */
export const SOURCE = 'foreshard';

/** Bounds of one PutEvents request. */
const MOST_ENTRIES = 10;
const MOST_BYTES = 256 * 1024;
/** Seconds before each further try of what EventBridge did not take. */
const WAITS = [0.2, 0.8, 3.2];

/** Thrown when events were not taken after all tries; the others were published. */
export class EventsNotPublished extends Error {
  override readonly name = 'EventsNotPublished';
}

/** An entry as it is sent, with what it counts against the bound, and what was wrong with it last. */
interface Sending {
  readonly entry: PutEventsRequestEntry;
  readonly bytes: number;
  error?: string;
}

/**
 * {@link Events} on an EventBridge bus. The detail of each event gets `service` and `at` (ISO 8601). An event may
 * come twice: a request whose answer was lost is sent again.
 */
export class BusEvents implements Events {
  readonly #client: Pick<EventBridgeClient, 'send'>;
  readonly #bus: string;
  readonly #service: string;
  readonly #clock: Clock;

  constructor(client: Pick<EventBridgeClient, 'send'>, bus: string, service: string, clock: Clock) {
    this.#client = client;
    this.#bus = bus;
    this.#service = service;
    this.#clock = clock;
  }

  /** @throws {EventsNotPublished} that names each event which was not taken, and why. */
  async publish(events: readonly Event[]): Promise<void> {
    const all = events.map((event) => this.#sending(event));
    const tooLarge = all.filter(({ bytes }) => bytes > MOST_BYTES);
    for (const one of tooLarge) one.error = `expected at most ${MOST_BYTES} bytes, got ${one.bytes}`;
    let left = all.filter(({ bytes }) => bytes <= MOST_BYTES);
    for (let tries = 0; ; tries++) {
      left = (await Promise.all(batchesOf(left).map((batch) => this.#send(batch)))).flat();
      const wait = WAITS[tries];
      if (left.length === 0 || wait === undefined) break;
      await this.#clock.sleepUntil(this.#clock.now() + wait);
    }
    const lost = [...tooLarge, ...left];
    if (lost.length === 0) return;
    const each = lost.map(({ entry, error }) => `${entry.DetailType} (${error})`).join(', ');
    throw new EventsNotPublished(`${lost.length} of ${all.length} events not published: ${each}`);
  }

  #sending({ type, at, detail }: Event): Sending {
    const entry = {
      EventBusName: this.#bus,
      Source: SOURCE,
      DetailType: type,
      Time: new Date(at * 1000),
      Detail: JSON.stringify({ ...detail, service: this.#service, at: formatStamp(at) }),
    };
    // As EventBridge counts: 14 for the time, and each text in UTF-8.
    const bytes =
      14 + [entry.Source, entry.DetailType, entry.Detail].reduce((n, text) => n + Buffer.byteLength(text), 0);
    return { entry, bytes };
  }

  /** Those that were not taken. */
  async #send(batch: readonly Sending[]): Promise<readonly Sending[]> {
    let entries: readonly { ErrorCode?: string | undefined; ErrorMessage?: string | undefined }[];
    try {
      const answer = await this.#client.send(
        new PutEventsCommand({ Entries: batch.map(({ entry }) => entry) }),
      );
      entries = answer.Entries ?? [];
    } catch (error) {
      for (const one of batch) one.error = String(error);
      return batch;
    }
    return batch.filter((one, i) => {
      const code = entries[i]?.ErrorCode;
      if (code !== undefined) one.error = `${code}: ${entries[i]?.ErrorMessage ?? ''}`;
      return code !== undefined;
    });
  }
}

function batchesOf(all: readonly Sending[]): Sending[][] {
  const batches: Sending[][] = [];
  let room = 0;
  for (const one of all) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < MOST_ENTRIES && one.bytes <= room) {
      last.push(one);
      room -= one.bytes;
    } else {
      batches.push([one]);
      room = MOST_BYTES - one.bytes;
    }
  }
  return batches;
}
