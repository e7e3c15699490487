import type { Ports } from '../../core/ports.ts';

const NAMES = [
  'clock',
  'fleet',
  'loadBalancer',
  'hosts',
  'metrics',
  'store',
  'events',
  'workflows',
  'slots',
  'agents',
  'handOvers',
] as const satisfies readonly (keyof Ports)[];

/**
 * Ports for a function that needs a few: a bundle holds only the SDK clients of these. A port that is missing throws
 * `port fleet is not wired here` when one of its methods is called.
 */
export function unwiredPorts(parts: Partial<Ports>): Ports {
  return Object.fromEntries(NAMES.map((name) => [name, parts[name] ?? unwired(name)])) as unknown as Ports;
}

function unwired(name: string): object {
  const refuse = () => {
    throw new TypeError(`port ${name} is not wired here`);
  };
  // `then` must stay absent: whatever has it is taken for a promise.
  return new Proxy({}, { get: (_, key) => (typeof key === 'symbol' || key === 'then' ? undefined : refuse) });
}
