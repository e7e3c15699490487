import type { Clock } from '../../core/ports.ts';
import type { Machines } from './fleet-machines.ts';
import { type Credentials, signedHeaders } from './fleet-sigv4.ts';
import { nameOf, unthrottled } from './throttling.ts';

/** Where the calls go and in whose name. An SDK client's `config` fits. */
export interface Ec2Access {
  readonly region: () => Promise<string>;
  readonly credentials: () => Promise<Credentials>;
}

export interface Ec2Parts {
  readonly access: Ec2Access;
  readonly clock: Clock;
  /** As `AWS_ENDPOINT_URL_EC2` has it. @default the public one of the region */
  readonly endpoint?: string | undefined;
  /** @default fetch */
  readonly fetch?: typeof fetch;
}

/** What EC2 answered instead of doing it; `name` is its error code. */
export class Ec2Error extends Error {
  override readonly name: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = code;
  }
}

const VERSION = '2016-11-15';
/** Milliseconds after which a call is given up. */
const PATIENCE = 5000;
/** Ids per call; EC2 takes up to 1,000. */
const MOST = 100;

/**
 * Four calls of EC2's query API. `@aws-sdk/client-ec2` would do, but it alone fills 0.8 MB of a function's bundle (all
 * shapes of 700 calls), and each function that ends or starts a machine would load it at every cold start.
 */
export class Ec2Machines implements Machines {
  readonly #parts: Ec2Parts;

  constructor(parts: Ec2Parts) {
    this.#parts = parts;
  }

  start(instances: readonly string[]): Promise<void> {
    return this.#order('StartInstances', instances);
  }

  stop(instances: readonly string[]): Promise<void> {
    return this.#order('StopInstances', instances);
  }

  terminate(instances: readonly string[]): Promise<void> {
    return this.#order('TerminateInstances', instances);
  }

  async states(instances: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const states = new Map<string, string>();
    for (let from = 0; from < instances.length; from += MOST) {
      // A filter, because an unknown id in the list of ids is an error for all of them.
      const chosen = instances.slice(from, from + MOST);
      const filter = { 'Filter.1.Name': 'instance-id', ...numbered('Filter.1.Value', chosen) };
      const answer = await this.#call('DescribeInstances', filter);
      for (const [, id = '', name = ''] of answer.matchAll(INSTANCE)) states.set(id, name);
    }
    return states;
  }

  async #order(action: string, instances: readonly string[]): Promise<void> {
    for (let from = 0; from < instances.length; from += MOST) {
      const chosen = instances.slice(from, from + MOST);
      try {
        await this.#call(action, numbered('InstanceId', chosen));
      } catch (error) {
        if (!nameOf(error).startsWith('InvalidInstanceID')) throw error;
        // One that has ended spoils the order for all: each for itself then.
        if (chosen.length > 1) for (const one of chosen) await this.#order(action, [one]);
      }
    }
  }

  #call(action: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    return unthrottled(this.#parts.clock, () => this.#post(action, parameters));
  }

  async #post(action: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    const { access, endpoint, fetch: send = fetch } = this.#parts;
    const region = await access.region();
    const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const url = new URL(endpoint ?? `https://ec2.${region}.${suffix}`);
    const body = new URLSearchParams({ Action: action, Version: VERSION, ...parameters }).toString();
    const headers = signedHeaders(
      body,
      { host: url.host, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      // The signature is checked against real time, whatever time the fleet lives in.
      { credentials: await access.credentials(), region, service: 'ec2', at: Date.now() },
    );
    // `fetch` sets the host itself, and refuses to be told.
    delete headers.host;
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await send(new URL('/', url), { method: 'POST', body, headers, signal });
    const text = await response.text();
    if (response.ok) return text;
    const code = /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? `HTTP ${response.status}`;
    throw new Ec2Error(code, `${action}: ${/<Message>([^<]+)<\/Message>/.exec(text)?.[1] ?? 'no message'}`);
  }
}

const INSTANCE =
  /<instanceId>(i-[\da-z]+)<\/instanceId>[\s\S]*?<instanceState>[\s\S]*?<name>([a-z-]+)<\/name>/g;

const numbered = (name: string, values: readonly string[]) =>
  Object.fromEntries(values.map((value, i) => [`${name}.${i + 1}`, value]));
