import type { VirtualClock } from '../../backtest/world/clock.ts';
import type { Seconds } from '../../core/time.ts';
import { awsError } from './errors.ts';

/**
 * EC2 instances: `pending` → `running` → (`stopping` → `stopped` → `pending` …) → `shutting-down` → `terminated`
 * (AWSEC2/latest/UserGuide/ec2-instance-lifecycle). A terminated one stays visible for an hour. *Assumed*: 5 s from
 * `pending` to `running`, 20 s to stop, 10 s to end.
 */
export type Power = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

export interface Ec2Instance {
  readonly id: string;
  readonly type: string;
  readonly zone: string;
  readonly spot: boolean;
  power: Power;
  /** Rises with each change of power: what was scheduled before it does not count any more. */
  turn: number;
  /** Since when its agent is ready, in its present run. */
  readyAt?: Seconds;
}

type Facts = Pick<Ec2Instance, 'type' | 'zone' | 'spot'>;

const START: Seconds = 5;
const STOP: Seconds = 20;
const END: Seconds = 10;

export class Ec2Model {
  readonly #clock: VirtualClock;
  readonly #instances = new Map<string, Ec2Instance>();
  /** Told of each change of power. */
  readonly changed: ((instance: Ec2Instance) => void)[] = [];
  #launched = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get(id: string): Ec2Instance | undefined {
    return this.#instances.get(id);
  }

  /** @param boot seconds from launch until the agent is ready; infinite: never */
  launch(facts: Facts, boot: Seconds): Ec2Instance {
    const instance = this.#add(facts, 'pending');
    this.#up(instance, boot);
    return instance;
  }

  /** There at once, as a world begins. */
  seed(facts: Facts, power: 'running' | 'stopped'): Ec2Instance {
    const instance = this.#add(facts, power);
    if (power === 'running') instance.readyAt = this.#clock.now();
    return instance;
  }

  /** @throws IncorrectInstanceState unless it is stopped. */
  start(id: string, boot: Seconds): void {
    const instance = this.#known(id);
    if (instance.power === 'running' || instance.power === 'pending') return;
    if (instance.power !== 'stopped')
      throw awsError('IncorrectInstanceState', `instance ${id} is ${instance.power}, not stopped`);
    this.#to(instance, 'pending');
    this.#up(instance, boot);
  }

  stop(id: string): void {
    const instance = this.#known(id);
    if (instance.power === 'stopped' || instance.power === 'stopping') return;
    if (instance.spot) throw awsError('UnsupportedOperation', `instance ${id} is a Spot Instance`);
    if (instance.power !== 'running' && instance.power !== 'pending')
      throw awsError('IncorrectInstanceState', `instance ${id} is ${instance.power}`);
    this.#to(instance, 'stopping');
    this.#later(instance, STOP, () => this.#to(instance, 'stopped'));
  }

  terminate(id: string): void {
    const instance = this.#known(id);
    if (instance.power === 'terminated' || instance.power === 'shutting-down') return;
    this.#to(instance, 'shutting-down');
    this.#later(instance, END, () => {
      this.#to(instance, 'terminated');
      this.#clock.schedule(this.#clock.now() + 3600, () => this.#instances.delete(id));
    });
  }

  #add(facts: Facts, power: Power): Ec2Instance {
    const id = `i-${(0xa0000000 + this.#launched++).toString(16).padStart(17, '0')}`;
    const instance: Ec2Instance = { ...facts, id, power, turn: 0 };
    this.#instances.set(id, instance);
    return instance;
  }

  #up(instance: Ec2Instance, boot: Seconds): void {
    this.#later(instance, START, () => {
      this.#to(instance, 'running');
      if (!Number.isFinite(boot)) return;
      this.#later(instance, Math.max(0, boot - START), () => {
        instance.readyAt = this.#clock.now();
        this.#tell(instance);
      });
    });
  }

  #to(instance: Ec2Instance, power: Power): void {
    instance.power = power;
    instance.turn += 1;
    if (power !== 'running') delete instance.readyAt;
    this.#tell(instance);
  }

  #tell(instance: Ec2Instance): void {
    for (const listener of this.changed) listener(instance);
  }

  #later(instance: Ec2Instance, after: Seconds, fire: () => void): void {
    const { turn } = instance;
    this.#clock.schedule(this.#clock.now() + after, () => {
      if (instance.turn === turn) fire();
    });
  }

  #known(id: string): Ec2Instance {
    const instance = this.#instances.get(id);
    if (instance === undefined)
      throw awsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
    return instance;
  }
}
