import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../../adapters/aws/sha256.ts';
import { REGION, ROOT } from './servers.ts';
import type { World } from './world.ts';

const signer = new SignatureV4({ service: 'execute-api', region: REGION, credentials: ROOT, sha256: Sha256 });

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the test knows what it asked for
  readonly body: any;
}

/** Asks the API of a deployed service, with a signed request. MiniStack has APIs below `/_aws/execute-api`. */
export async function ask(
  { where, outputs }: World,
  method: string,
  path: string,
  { body, key, unsigned }: { readonly body?: unknown; readonly key?: string; readonly unsigned?: true } = {},
): Promise<Answer> {
  const id = new URL(outputs.ApiUrl!).hostname.split('.')[0]!;
  const url = new URL(`/_aws/execute-api/${id}/$default${path}`, where.ministack);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    host: url.host,
    ...(text !== undefined && { 'content-type': 'application/json' }),
    ...(key !== undefined && { 'idempotency-key': key }),
  };
  const request = {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers,
    ...(text !== undefined && { body: text }),
  };
  const signed = unsigned ? request : await signer.sign(request);
  const answer = await fetch(url, {
    method,
    headers: signed.headers,
    ...(text !== undefined && { body: text }),
  });
  return { status: answer.status, body: await answer.json() };
}
