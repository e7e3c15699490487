import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Signing {
  readonly credentials: Credentials;
  readonly region: string;
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Headers of a signed POST to `/` (AWS Signature Version 4). A test compares the signature with that of the SDK.
 * @param headers lower-case names, `host` among them; all of them are signed
 */
export function signedHeaders(
  body: string,
  headers: Readonly<Record<string, string>>,
  { credentials, region, service, at }: Signing,
): Record<string, string> {
  const stamp = new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const all: Record<string, string> = { ...headers, 'x-amz-date': stamp };
  if (credentials.sessionToken !== undefined) all['x-amz-security-token'] = credentials.sessionToken;
  const names = Object.keys(all).sort();
  const signed = names.join(';');
  const canonical = [
    'POST',
    '/',
    '',
    ...names.map((name) => `${name}:${all[name]?.trim()}`),
    '',
    signed,
    sha(body),
  ];
  const day = stamp.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', stamp, scope, sha(canonical.join('\n'))].join('\n');
  const key = [region, service, 'aws4_request'].reduce(mac, mac(`AWS4${credentials.secretAccessKey}`, day));
  const signature = mac(key, toSign).toString('hex');
  all.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  return all;
}

const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
