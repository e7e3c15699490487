import {
  DescribeInstancesCommand,
  type EC2Client,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { Clock } from '../../core/ports.ts';
import type { Machines } from './fleet-machines.ts';
import { nameOf, unthrottled } from './throttling.ts';

/** Ids per call; EC2 takes up to 1,000, and a filter up to 200 values. */
const MOST = 100;

/** EC2 itself, as far as the fleet needs it. */
export class Ec2Machines implements Machines {
  readonly #client: Pick<EC2Client, 'send'>;
  readonly #clock: Clock;

  constructor(client: Pick<EC2Client, 'send'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  start(instances: readonly string[]): Promise<void> {
    return this.#order(instances, (InstanceIds) =>
      this.#client.send(new StartInstancesCommand({ InstanceIds })),
    );
  }

  stop(instances: readonly string[]): Promise<void> {
    return this.#order(instances, (InstanceIds) =>
      this.#client.send(new StopInstancesCommand({ InstanceIds })),
    );
  }

  terminate(instances: readonly string[]): Promise<void> {
    return this.#order(instances, (InstanceIds) =>
      this.#client.send(new TerminateInstancesCommand({ InstanceIds })),
    );
  }

  async states(instances: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const states = new Map<string, string>();
    for (let from = 0; from < instances.length; from += MOST) {
      // A filter, because an unknown id in the list of ids is an error for all of them.
      const Filters = [{ Name: 'instance-id', Values: instances.slice(from, from + MOST) }];
      let NextToken: string | undefined;
      do {
        const request = new DescribeInstancesCommand({ Filters, ...(NextToken && { NextToken }) });
        const answer = await unthrottled(this.#clock, () => this.#client.send(request));
        for (const { Instances = [] } of answer.Reservations ?? [])
          for (const { InstanceId = '', State } of Instances)
            states.set(InstanceId, State?.Name ?? 'unknown');
        NextToken = answer.NextToken;
      } while (NextToken);
    }
    return states;
  }

  async #order(instances: readonly string[], send: (instances: string[]) => Promise<unknown>): Promise<void> {
    for (let from = 0; from < instances.length; from += MOST) {
      const chosen = instances.slice(from, from + MOST);
      try {
        await unthrottled(this.#clock, () => send(chosen));
      } catch (error) {
        if (!nameOf(error).startsWith('InvalidInstanceID')) throw error;
        // One that has ended spoils the order for all: each for itself then.
        if (chosen.length > 1) for (const one of chosen) await this.#order([one], send);
      }
    }
  }
}
