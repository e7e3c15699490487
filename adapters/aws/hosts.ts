import {
  GetCommandInvocationCommand,
  type GetCommandInvocationCommandOutput,
  SendCommandCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { Clock, HostCommand, HostResult, Hosts } from '../../core/ports.ts';
import { NAME } from '../../core/settings/name.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import { nameOf, unthrottled } from './throttling.ts';

export interface HostsParts {
  readonly ssm: Pick<SSMClient, 'send'>;
  readonly clock: Clock;
  /** Name of the SSM document that runs a hook; its parameters are `action`, `shard` and `port`. */
  readonly document: string;
  /** Seconds for which a command is followed. @default 60 */
  readonly bound?: Seconds;
}

/** Seconds within which the instance must have taken the command; SSM allows no fewer. */
const DELIVERY = 30;

/** Seconds between two looks: a hook is usually over within the first. */
const LOOKS: readonly Seconds[] = [1, 1, 1, 2];

const ONGOING = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

/**
 * Hooks on instances by SSM Run Command. A hook may run twice (a retried step): it has to be idempotent.
 *
 * Gotcha: for a second or so after SendCommand, SSM does not know the invocation. What is not over within the bound
 * goes on on the host; the caller takes it as failed.
 */
export class SsmHosts implements Hosts {
  readonly #ssm: HostsParts['ssm'];
  readonly #clock: Clock;
  readonly #document: string;
  readonly #bound: Seconds;

  constructor({ ssm, clock, document, bound = 60 }: HostsParts) {
    this.#ssm = ssm;
    this.#clock = clock;
    this.#document = document;
    this.#bound = bound;
  }

  /**
   * @throws {RangeError} on a shard that is no name: it would become part of a command line.
   * @throws what SSM says of the document or of our rights, because no other instance would do better.
   */
  async run(slice: string, { kind, shard }: HostCommand): Promise<HostResult> {
    if (!NAME.test(shard))
      throw new RangeError(
        `shard: expected a name of letters, digits and hyphens, got ${JSON.stringify(shard)}`,
      );
    const { instance, port } = parseSliceId(slice);
    const what = `${kind} ${shard} on ${slice}`;
    const deadline = this.#clock.now() + this.#bound;
    try {
      const { Command } = await this.#call(() =>
        this.#ssm.send(
          new SendCommandCommand({
            DocumentName: this.#document,
            InstanceIds: [instance],
            Parameters: { action: [kind], shard: [shard], port: [String(port)] },
            TimeoutSeconds: DELIVERY,
          }),
        ),
      );
      return await this.#follow(what, instance, Command?.CommandId ?? '', deadline);
    } catch (error) {
      // SSM's word for an instance that does not run, has no agent, or is not ours.
      if (nameOf(error) !== 'InvalidInstanceId') throw error;
      return { ok: false, error: `${what}: SSM does not reach the instance` };
    }
  }

  async #follow(what: string, instance: string, command: string, deadline: Seconds): Promise<HostResult> {
    let status = 'not known to SSM';
    for (let look = 0; this.#clock.now() < deadline; look++) {
      const next = this.#clock.now() + (LOOKS[look] ?? LOOKS.at(-1)!);
      await this.#clock.sleepUntil(Math.min(next, deadline));
      const seen = await this.#look(instance, command);
      if (seen === undefined) continue;
      status = seen.StatusDetails ?? seen.Status ?? status;
      if (seen.Status === 'Success') return { ok: true };
      if (seen.Status !== undefined && !ONGOING.has(seen.Status))
        return { ok: false, error: `${what}: ${status}${saidBy(seen)}` };
    }
    return { ok: false, error: `${what}: ${status} after ${this.#bound} s` };
  }

  async #look(instance: string, command: string): Promise<GetCommandInvocationCommandOutput | undefined> {
    try {
      return await this.#call(() =>
        this.#ssm.send(new GetCommandInvocationCommand({ CommandId: command, InstanceId: instance })),
      );
    } catch (error) {
      if (nameOf(error) === 'InvocationDoesNotExist') return undefined;
      throw error;
    }
  }

  #call<T>(work: () => Promise<T>): Promise<T> {
    return unthrottled(this.#clock, work);
  }
}

/** The first line that the command wrote to stderr. */
function saidBy({ StandardErrorContent }: GetCommandInvocationCommandOutput): string {
  const line = StandardErrorContent?.split('\n')
    .map((text) => text.trim())
    .find((text) => text !== '');
  return line === undefined ? '' : `: ${line}`;
}
