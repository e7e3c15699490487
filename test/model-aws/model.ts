import { Ec2Machines } from '../../adapters/aws/fleet-ec2.ts';
import type { Machines } from '../../adapters/aws/fleet-machines.ts';
import type { VirtualClock } from '../../backtest/world/clock.ts';
import type { Seconds } from '../../core/time.ts';
import { AutoScalingModel } from './auto-scaling.ts';
import { autoScalingApi } from './auto-scaling-api.ts';
import { Buckets, type Service } from './buckets.ts';
import { Ec2Model } from './ec2.ts';
import { ec2Api } from './ec2-api.ts';
import { ElbModel } from './elb.ts';
import { elbApi } from './elb-api.ts';
import type { AwsEvent } from './events.ts';
import type { GroupOptions } from './group.ts';
import { SfnModel } from './sfn.ts';
import { type RunHook, SsmModel } from './ssm.ts';
import { TargetsModel } from './targets.ts';

export interface ModelOptions {
  readonly clock: VirtualClock;
  readonly groups?: readonly GroupOptions[];
  /** @default a, b, c */
  readonly zones?: readonly string[];
  /** @default m7i.large */
  readonly types?: readonly string[];
  /** Seconds until an instance's agent is ready, by origin. */
  readonly boot?: { readonly cold: Seconds; readonly warm: Seconds; readonly standby: Seconds };
  /** Seconds until a group acts on a change. @default 5 */
  readonly reaction?: Seconds;
  /** Virtual seconds that each call takes. @default 0 */
  readonly latency?: Seconds;
  /** Whether AWS's buckets are enforced. @default false */
  readonly buckets?: boolean;
  /** Whether AWS has an instance for the group in the zone now. @default always */
  readonly available?: (group: string, zone: string) => boolean;
  /** Whether an instance completes its launch hook when it is ready. @default always */
  readonly completes?: (instance: string) => boolean;
  /** What a hook does. @default success after 1 s */
  readonly run?: RunHook;
  readonly document?: string;
}

type Api = Readonly<Record<string, (input: never) => unknown>>;

/** Any SDK client, as far as the adapters use one. */
export interface ModelClient {
  // biome-ignore lint/suspicious/noExplicitAny: it stands for clients of several services, each with own overloads
  readonly send: (command: any) => Promise<any>;
}

/** AWS in virtual time; README.md says of what it is a model. */
export class AwsModel {
  readonly clock: VirtualClock;
  readonly ec2: Ec2Model;
  readonly autoScaling: AutoScalingModel;
  readonly elb: ElbModel;
  readonly ssm: SsmModel;
  readonly sfn = new SfnModel();
  /** Calls made, by action; throttled ones too. */
  readonly calls = new Map<string, number>();
  /** Calls that were throttled, by action. */
  readonly throttled = new Map<string, number>();
  /** Asked before each call: throw to make it fail. */
  fail: (action: string, input: unknown) => void = () => {};
  /** Asked after each call was carried out: throw to lose its answer. */
  lose: (action: string, input: unknown) => void = () => {};
  readonly #apis: ReadonlyMap<string, readonly [Service, (input: never) => unknown]>;
  readonly #buckets: Buckets | undefined;
  readonly #latency: Seconds;
  readonly #listeners: ((event: AwsEvent) => void)[] = [];

  constructor(options: ModelOptions) {
    const { clock, boot = { cold: 60, warm: 30, standby: 30 } } = options;
    this.clock = clock;
    this.#latency = options.latency ?? 0;
    this.#buckets = options.buckets ? new Buckets() : undefined;
    this.ec2 = new Ec2Model(clock);
    this.autoScaling = new AutoScalingModel({
      clock,
      ec2: this.ec2,
      zones: options.zones ?? ['a', 'b', 'c'],
      types: options.types ?? ['m7i.large'],
      boot,
      reaction: options.reaction ?? 5,
      available: options.available ?? (() => true),
      completes: options.completes ?? (() => true),
      emit: (event) => {
        for (const listener of this.#listeners) listener(event);
      },
    });
    this.elb = new ElbModel(new TargetsModel(clock, this.ec2));
    this.ssm = new SsmModel(clock, this.ec2, options.run ?? (() => ({ seconds: 1 })));
    this.ssm.documents.add(options.document ?? 'hook');
    for (const group of options.groups ?? []) this.autoScaling.add(group);
    const apis: readonly (readonly [Service, Api])[] = [
      ['auto-scaling', autoScalingApi(this.autoScaling)],
      ['ec2', ec2Api(this.ec2, () => boot.standby)],
      ['elb', elbApi(this.elb)],
      ['ssm', this.ssm.api],
      ['sfn', this.sfn.api],
    ];
    this.#apis = new Map(
      apis.flatMap(([service, api]) =>
        Object.entries(api).map(([action, answer]) => [action, [service, answer]] as const),
      ),
    );
  }

  client(): ModelClient {
    return { send: (command) => this.#send(command) };
  }

  /** EC2 for {@link AwsFleet}, over the same calls. */
  machines(): Machines {
    return new Ec2Machines(this.client(), this.clock);
  }

  listen(listener: (event: AwsEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Number of calls of an action, or of all. */
  count(action?: string): number {
    if (action !== undefined) return this.calls.get(action) ?? 0;
    return [...this.calls.values()].reduce((sum, n) => sum + n, 0);
  }

  async #send(command: { readonly constructor: { readonly name: string }; readonly input: unknown }) {
    const action = command.constructor.name.replace(/Command$/, '');
    const found = this.#apis.get(action);
    if (found === undefined) throw new TypeError(`the model of AWS does not know ${action}`);
    const [service, answer] = found;
    this.calls.set(action, this.count(action) + 1);
    if (this.#latency > 0) await this.clock.sleepUntil(this.clock.now() + this.#latency);
    this.fail(action, command.input);
    try {
      this.#buckets?.take(service, action, this.clock.now());
    } catch (error) {
      this.throttled.set(action, (this.throttled.get(action) ?? 0) + 1);
      throw error;
    }
    // Over the wire nothing is shared.
    const result = structuredClone(answer(structuredClone(command.input) as never));
    this.lose(action, command.input);
    return result;
  }
}
