import { STATUS_CODES } from 'node:http';
import { NOT_HOLDER } from './headers.ts';

/** What a client is told in place of an answer. 503: nothing was done, try again. 502: it is not known what was done. */
export interface Refusal {
  readonly status: 400 | 502 | 503;
  readonly why: string;
  /** Says to another gateway that it should look who holds the slot now. */
  readonly notHolder?: boolean;
}

/** Headers and body of a refusal. */
export function refusalParts({ status, why, notHolder = false }: Refusal) {
  const body = `${status} ${STATUS_CODES[status]}: ${why}\n`;
  const headers: string[] = [
    'content-type',
    'text/plain; charset=utf-8',
    'content-length',
    `${Buffer.byteLength(body)}`,
  ];
  headers.push('cache-control', 'no-store');
  if (status === 503) headers.push('retry-after', '1');
  if (notHolder) headers.push(NOT_HOLDER, '1');
  return { headers, body };
}
