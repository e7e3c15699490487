import type { VirtualClock } from '../../backtest/world/clock.ts';
import type { Seconds } from '../../core/time.ts';
import type { Ec2Instance, Ec2Model } from './ec2.ts';
import type { AwsEvent } from './events.ts';
import type { GroupMember, GroupModel, HookOptions, Place, Transition } from './group.ts';

/** What the lifecycle of instances asks of the rest of the world, and tells it. */
export interface LifecycleWorld {
  readonly clock: VirtualClock;
  readonly ec2: Ec2Model;
  /** Whether the instance's agent completes the launch hook when it is ready. */
  readonly completes: (instance: string) => boolean;
  readonly emit: (event: AwsEvent) => void;
}

const NOTICE: Seconds = 30;
const MOVE: Seconds = 1;

/**
 * The lifecycle of a group's instances (autoscaling/ec2/userguide: ec2-auto-scaling-lifecycle, lifecycle-hooks,
 * warm-pool-instance-lifecycle, as-enter-exit-standby, ec2-auto-scaling-health-checks):
 * - a hook holds an instance in `:Wait` until CompleteLifecycleAction or the heartbeat timeout, then the default
 *   result; ABANDON of a launch ends the instance, and the group launches another;
 * - the launch hook fires entering the warm pool and leaving it, the terminate hook (in `Warmed:Pending:Wait`) on the
 *   way back by ReuseOnScaleIn;
 * - what is on standby is not checked; what ends or stops in service is ended and replaced;
 * - hooks are for new launches, not for what leaves standby (AWS in aws-samples/aws-codedeploy-samples#30).
 *
 * *Assumed*: a lost instance is noticed after 30 s; entering and leaving standby take a second; one hook of each kind
 * per group.
 */
export class Lifecycle {
  readonly #world: LifecycleWorld;
  readonly #look: (group: GroupModel) => void;
  readonly #members = new Map<string, GroupMember>();
  #tokens = 0;

  /** @param look tells that a group has changed */
  constructor(world: LifecycleWorld, look: (group: GroupModel) => void) {
    this.#world = world;
    this.#look = look;
    world.ec2.changed.push((instance) => this.#powered(instance));
  }

  member(id: string | undefined): GroupMember | undefined {
    return this.#members.get(id ?? '');
  }

  join(group: GroupModel, id: string, zone: string, lifecycle: string): GroupMember {
    const type = this.#world.ec2.get(id)!.type;
    const member: GroupMember = { id, group, type, zone, lifecycle, isProtected: false, isHealthy: true };
    group.members.set(id, member);
    this.#members.set(id, member);
    return member;
  }

  #leave(member: GroupMember): void {
    member.group.members.delete(member.id);
    this.#members.delete(member.id);
  }

  #later(member: GroupMember, after: Seconds, lifecycle: string, fire: () => void): void {
    const { clock } = this.#world;
    clock.schedule(clock.now() + after, () => {
      if (member.lifecycle === lifecycle) fire();
    });
  }

  complete(member: GroupMember, result: string | undefined): void {
    const { action } = member;
    if (action === undefined) return;
    delete member.action;
    if (action.transition === 'autoscaling:EC2_INSTANCE_TERMINATING') this.#proceed(member);
    else if (result === 'CONTINUE') this.#proceed(member);
    else this.end(member);
  }

  /** Ends a member: by its terminate hook, if it has one and runs. */
  end(member: GroupMember): void {
    const { group, id } = member;
    if (member.lifecycle.startsWith('Terminating') || member.lifecycle === 'Warmed:Terminating') return;
    const inPool = member.lifecycle.startsWith('Warmed:');
    member.lifecycle = inPool ? 'Warmed:Terminating' : 'Terminating';
    delete member.action;
    const { terminateHook } = group.options;
    const runs = this.#world.ec2.get(id)?.power === 'running';
    if (!inPool && terminateHook !== undefined && runs)
      this.#wait(member, terminateHook, 'autoscaling:EC2_INSTANCE_TERMINATING', 'AutoScalingGroup', 'EC2');
    else this.#proceed(member);
    this.#look(group);
  }

  enterStandby(member: GroupMember): void {
    member.lifecycle = 'EnteringStandby';
    this.#later(member, MOVE, 'EnteringStandby', () => {
      member.lifecycle = 'Standby';
    });
  }

  exitStandby(member: GroupMember): void {
    member.lifecycle = 'Pending';
    this.#later(member, MOVE, 'Pending', () => this.#proceed(member));
  }

  /** Back to the warm pool. */
  giveBack(member: GroupMember): void {
    const { terminateHook } = member.group.options;
    member.lifecycle = 'Warmed:Pending';
    member.isReturning = true;
    if (terminateHook === undefined) this.#proceed(member);
    else
      this.#wait(
        member,
        terminateHook,
        'autoscaling:EC2_INSTANCE_TERMINATING',
        'AutoScalingGroup',
        'WarmPool',
      );
  }

  #powered(instance: Ec2Instance): void {
    const member = this.#members.get(instance.id);
    this.#world.emit({
      source: 'aws.ec2',
      'detail-type': 'EC2 Instance State-change Notification',
      detail: { 'instance-id': instance.id, state: instance.power },
    });
    if (member === undefined) return;
    const { group, lifecycle } = member;
    if (instance.power === 'running') {
      if (instance.readyAt === undefined) this.#arrive(member);
      else this.#agentReady(member);
    } else if (instance.power === 'stopped' && lifecycle === 'Warmed:Pending:Proceed') {
      member.lifecycle = 'Warmed:Stopped';
      delete member.isReturning;
      this.#look(group);
    } else if (instance.power === 'terminated' && lifecycle.includes('Terminating')) {
      this.#leave(member);
      this.#look(group);
    } else if (['stopped', 'stopping', 'shutting-down', 'terminated'].includes(instance.power)) {
      // Standby is not checked, and what is stopped in the warm pool is meant to be.
      if (lifecycle === 'Standby' || (lifecycle.startsWith('Warmed:') && instance.power.startsWith('stop')))
        return;
      const { clock } = this.#world;
      member.isHealthy = false;
      clock.schedule(clock.now() + NOTICE, () => {
        if (!group.members.has(member.id) || this.#world.ec2.get(member.id)?.power === 'running') return;
        this.end(member);
      });
    }
  }

  /** It runs: the launch hook takes it, or it goes on. */
  #arrive(member: GroupMember): void {
    const { launchHook } = member.group.options;
    const into: Place = member.lifecycle === 'Pending' ? 'AutoScalingGroup' : 'WarmPool';
    if (member.lifecycle !== 'Pending' && !(member.lifecycle === 'Warmed:Pending' && !member.isReturning))
      return;
    if (launchHook === undefined) {
      this.#proceed(member);
      return;
    }
    const origin: Place = member.isWarm ? 'WarmPool' : 'EC2';
    this.#wait(member, launchHook, 'autoscaling:EC2_INSTANCE_LAUNCHING', origin, into);
    if (this.#world.ec2.get(member.id)?.readyAt !== undefined) this.#agentReady(member);
  }

  /** The unit on the instance says so until it is heard. */
  #agentReady(member: GroupMember): void {
    if (member.action?.transition !== 'autoscaling:EC2_INSTANCE_LAUNCHING') return;
    if (this.#world.completes(member.id)) this.complete(member, 'CONTINUE');
  }

  #wait(
    member: GroupMember,
    hook: HookOptions,
    transition: Transition,
    origin: Place,
    destination: Place,
  ): void {
    const { clock, emit } = this.#world;
    const token = `token-${++this.#tokens}`;
    member.lifecycle += ':Wait';
    member.action = { hook, transition, origin, destination, token };
    clock.schedule(clock.now() + hook.timeout, () => {
      if (member.action?.token === token) this.complete(member, hook.otherwise);
    });
    const launch = transition === 'autoscaling:EC2_INSTANCE_LAUNCHING';
    emit({
      source: 'aws.autoscaling',
      'detail-type': `EC2 Instance-${launch ? 'launch' : 'terminate'} Lifecycle Action`,
      detail: {
        LifecycleActionToken: token,
        AutoScalingGroupName: member.group.options.name,
        LifecycleHookName: hook.name,
        EC2InstanceId: member.id,
        LifecycleTransition: transition,
        Origin: origin,
        Destination: destination,
      },
    });
  }

  #proceed(member: GroupMember): void {
    const { ec2, emit } = this.#world;
    const state = member.lifecycle.replace(/:Wait$/, '');
    if (state === 'Warmed:Pending') {
      member.lifecycle = 'Warmed:Pending:Proceed';
      ec2.stop(member.id);
    } else if (state === 'Pending') {
      member.lifecycle = 'InService';
      member.isProtected = member.group.options.protectNew ?? true;
      emit({
        source: 'aws.autoscaling',
        'detail-type': 'EC2 Instance Launch Successful',
        detail: { AutoScalingGroupName: member.group.options.name, EC2InstanceId: member.id },
      });
    } else {
      member.lifecycle = state === 'Warmed:Terminating' ? state : 'Terminating:Proceed';
      if (ec2.get(member.id)?.power === 'terminated') this.#leave(member);
      else ec2.terminate(member.id);
    }
  }
}
