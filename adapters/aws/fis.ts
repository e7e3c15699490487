import { SignatureV4 } from '@smithy/signature-v4';
import type { Clock } from '../../core/ports.ts';
import { Sha256 } from './sha256.ts';

/** What a signature is made with. */
type Credentials = ConstructorParameters<typeof SignatureV4>[0]['credentials'];

export interface FisParts {
  readonly region: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** @default the platform's */
  readonly fetch?: typeof fetch;
}

export interface Experiment {
  readonly id: string;
  /** pending, initiating, running, completed, stopping, stopped, failed, cancelled. */
  readonly status: string;
  readonly reason?: string;
}

/** As FIS has it: what is copied from one template to another is not looked into. */
interface Template {
  readonly description: string;
  readonly roleArn: string;
  readonly actions: Readonly<Record<string, { readonly targets: Readonly<Record<string, string>> }>>;
  readonly targets: Readonly<Record<string, { readonly resourceType: string }>>;
  readonly stopConditions: readonly unknown[];
}

const TRIES = 3;

/**
 * AWS Fault Injection Service, as far as a rehearsal needs it (FIS API Reference, 2020-12-01): REST calls in JSON, signed
 * here, because no SDK client of it is among the dependencies. A call that changes something carries a token, so that a
 * repeat is harmless.
 */
export class Fis {
  readonly #parts: FisParts;
  readonly #signer: SignatureV4;
  readonly #host: string;

  constructor(parts: FisParts) {
    this.#parts = parts;
    this.#host = `fis.${parts.region}.amazonaws.com`;
    const { region, credentials } = parts;
    this.#signer = new SignatureV4({ service: 'fis', region, credentials, sha256: Sha256 });
  }

  /** Starts an experiment of a template. @param token the same at each repeat */
  async start(template: string, token: string): Promise<Experiment> {
    const body = { clientToken: token, experimentTemplateId: template };
    const { experiment } = await this.#call('POST', '/experiments', body);
    return experimentOf(experiment);
  }

  async get(id: string): Promise<Experiment> {
    const { experiment } = await this.#call('GET', `/experiments/${id}`);
    return experimentOf(experiment);
  }

  /**
   * A template like another one, but for one instance: an experiment cannot be given other targets than its template.
   * @returns its id; {@link drop} it when the experiment has begun
   */
  async narrowed(template: string, instance: string, token: string): Promise<string> {
    const { experimentTemplate } = await this.#call('GET', `/experimentTemplates/${template}`);
    const { description, roleArn, actions, targets, stopConditions } = experimentTemplate as Template;
    // arn:<partition>:iam::<account>:role/…: the instance is in the same account.
    const [, partition, , , account] = roleArn.split(':');
    const resourceArns = [`arn:${partition}:ec2:${this.#parts.region}:${account}:instance/${instance}`];
    const one = ({ resourceType }: { readonly resourceType: string }) => ({
      resourceType,
      resourceArns,
      selectionMode: 'ALL',
    });
    const made = await this.#call('POST', '/experimentTemplates', {
      clientToken: token,
      description: `${description} of ${instance}`,
      roleArn,
      actions,
      stopConditions,
      targets: Object.fromEntries(Object.entries(targets).map(([name, target]) => [name, one(target)])),
    });
    return (made.experimentTemplate as { readonly id: string }).id;
  }

  async drop(template: string): Promise<void> {
    await this.#call('DELETE', `/experimentTemplates/${template}`);
  }

  async #call(method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    for (let left = TRIES - 1; ; left--) {
      const answer = await this.#send(method, path, body).catch((error: Error) => error);
      const isFinal = !(answer instanceof Error) && answer.status < 500 && answer.status !== 429;
      if (!isFinal && left > 0) {
        await this.#parts.clock.sleepUntil(this.#parts.clock.now() + 1);
        continue;
      }
      if (answer instanceof Error)
        throw new Error(`FIS ${method} ${path}: ${answer.message}`, { cause: answer });
      const text = await answer.text();
      if (answer.ok) return JSON.parse(text);
      throw new Error(`FIS ${method} ${path}: ${answer.status} ${messageIn(text)}`);
    }
  }

  async #send(method: string, path: string, body: unknown): Promise<Response> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { headers } = await this.#signer.sign({
      method,
      protocol: 'https:',
      hostname: this.#host,
      path,
      headers: { host: this.#host, ...(text !== undefined && { 'content-type': 'application/json' }) },
      ...(text !== undefined && { body: text }),
    });
    const { fetch = globalThis.fetch } = this.#parts;
    return fetch(`https://${this.#host}${path}`, {
      method,
      headers,
      ...(text !== undefined && { body: text }),
    });
  }
}

function experimentOf(said: unknown): Experiment {
  const { id, state } = said as { id: string; state: { status: string; reason?: string } };
  return { id, status: state.status, ...(state.reason !== undefined && { reason: state.reason }) };
}

/** Errors are `{"message": …}`; what stands between here and FIS may answer otherwise. */
function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text);
    return String(message);
  } catch {
    return text.slice(0, 200);
  }
}
