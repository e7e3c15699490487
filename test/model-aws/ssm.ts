import type { GetCommandInvocationRequest, SendCommandRequest } from '@aws-sdk/client-ssm';
import type { VirtualClock } from '../../backtest/world/clock.ts';
import type { Seconds } from '../../core/time.ts';
import type { Ec2Model } from './ec2.ts';
import { awsError } from './errors.ts';

/**
 * Run Command (systems-manager/latest/userguide/monitor-commands): an instance whose agent is not there is refused;
 * GetCommandInvocation does not know a command at first, then it is `InProgress`, and `Success` or `Failed` at last.
 * *Assumed*: unknown for half a second. An instance that ends leaves its command in progress.
 */
export interface HookRun {
  readonly seconds: Seconds;
  /** Text on stderr of a hook that fails. */
  readonly fails?: string;
}

export type RunHook = (instance: string, parameters: Readonly<Record<string, string>>) => HookRun;

interface Sent {
  readonly instance: string;
  readonly at: Seconds;
  readonly turn: number;
  readonly run: HookRun;
}

const UNKNOWN: Seconds = 0.5;

export class SsmModel {
  readonly documents = new Set<string>();
  /** What was run: parameters with the instance. */
  readonly ran: { readonly instance: string; readonly parameters: Readonly<Record<string, string>> }[] = [];
  run: RunHook;
  readonly #clock: VirtualClock;
  readonly #ec2: Ec2Model;
  readonly #sent = new Map<string, Sent>();

  constructor(clock: VirtualClock, ec2: Ec2Model, run: RunHook) {
    this.#clock = clock;
    this.#ec2 = ec2;
    this.run = run;
  }

  readonly api = {
    SendCommand: ({ DocumentName = '', InstanceIds = [], Parameters = {} }: SendCommandRequest) => {
      if (!this.documents.has(DocumentName)) throw awsError('InvalidDocument', `no document ${DocumentName}`);
      const [instance = ''] = InstanceIds;
      const machine = this.#ec2.get(instance);
      if (machine?.power !== 'running' || machine.readyAt === undefined)
        throw awsError('InvalidInstanceId', `Instances [[${instance}]] not in a valid state for account`);
      const parameters = Object.fromEntries(
        Object.entries(Parameters).map(([key, [value = '']]) => [key, value]),
      );
      this.ran.push({ instance, parameters });
      const CommandId = `command-${this.#sent.size + 1}`;
      const at = this.#clock.now();
      this.#sent.set(CommandId, { instance, at, turn: machine.turn, run: this.run(instance, parameters) });
      return { Command: { CommandId } };
    },
    GetCommandInvocation: ({ CommandId = '', InstanceId }: GetCommandInvocationRequest) => {
      const sent = this.#sent.get(CommandId);
      const age = this.#clock.now() - (sent?.at ?? 0);
      if (sent === undefined || sent.instance !== InstanceId || age < UNKNOWN)
        throw awsError(
          'InvocationDoesNotExist',
          'the command ID and instance ID you specified did not match',
        );
      const alive = this.#ec2.get(sent.instance)?.turn === sent.turn;
      const { seconds, fails } = sent.run;
      if (age < seconds || !alive) return { Status: 'InProgress', StatusDetails: 'InProgress' };
      if (fails === undefined) return { Status: 'Success', StatusDetails: 'Success', ResponseCode: 0 };
      return { Status: 'Failed', StatusDetails: 'Failed', ResponseCode: 1, StandardErrorContent: fails };
    },
  };
}
