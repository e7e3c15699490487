import { describe, expect, it } from 'vitest';
import { Ec2Machines } from '../../adapters/aws/fleet-ec2.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';

const named = (name: string) => Object.assign(new Error(name), { name });

interface Call {
  readonly action: string;
  readonly input: { InstanceIds?: string[]; NextToken?: string; Filters?: { Values: string[] }[] };
}

/** EC2 that knows `i-0` … `i-<known − 1>`, two instances a page. */
function ec2(known: number, fail: (call: Call, nth: number) => void = () => {}) {
  const calls: Call[] = [];
  const done: string[] = [];
  const send = async (command: { constructor: { name: string }; input: Call['input'] }) => {
    const call = { action: command.constructor.name, input: command.input };
    calls.push(call);
    fail(call, calls.length);
    const exists = (id: string) => Number(id.slice(2)) < known;
    if (call.action !== 'DescribeInstancesCommand') {
      const ids = call.input.InstanceIds ?? [];
      if (!ids.every(exists)) throw named('InvalidInstanceID.NotFound');
      done.push(...ids);
      return {};
    }
    const found = call.input.Filters?.[0]?.Values.filter(exists) ?? [];
    const from = Number(call.input.NextToken ?? 0);
    return {
      // Each in a reservation of its own, as after single launches.
      Reservations: found.slice(from, from + 2).map((InstanceId) => ({
        Instances: [{ InstanceId, State: { Name: 'stopped' } }],
      })),
      ...(from + 2 < found.length && { NextToken: String(from + 2) }),
    };
  };
  const clock = new VirtualClock(0);
  return { machines: new Ec2Machines({ send } as never, clock), calls, done, clock };
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => `i-${i}`);

describe('Ec2Machines', () => {
  it('reads all pages and reservations; an id that EC2 does not know is left out', async () => {
    const { machines } = ec2(5);
    const states = await machines.states(ids(7));
    expect([...states.keys()]).toEqual(ids(5));
    expect(states.get('i-4')).toBe('stopped');
  });

  it('asks for a hundred at a time', async () => {
    const { machines, calls, done } = ec2(250);
    await machines.stop(ids(250));
    expect(calls.map(({ input }) => input.InstanceIds?.length)).toEqual([100, 100, 50]);
    expect(done).toEqual(ids(250));
  });

  it('passes over what has ended, and carries the order out for the others', async () => {
    const { machines, done } = ec2(3);
    await machines.terminate(['i-0', 'i-9', 'i-2']);
    expect(done).toEqual(['i-0', 'i-2']);
    await expect(machines.start(['i-9'])).resolves.toBeUndefined();
  });

  it('tries again when EC2 is asked too often, and passes other errors on', async () => {
    const { machines, done, clock } = ec2(1, (_, nth) => {
      if (nth === 1) throw named('RequestLimitExceeded');
      if (nth > 2) throw named('UnauthorizedOperation');
    });
    await clock.settle(machines.start(['i-0']));
    expect(done).toEqual(['i-0']);
    await expect(machines.stop(['i-0'])).rejects.toThrow('UnauthorizedOperation');
  });
});
