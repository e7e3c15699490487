import * as z from 'zod';
import type { Clock } from '../../core/ports.ts';

/**
 * CloudFormation's side of a custom resource: it invokes the function and waits, for up to an hour, until somebody
 * PUTs an answer to `ResponseURL`. Nothing here may keep it waiting.
 */
export const requestSchema = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string().min(1),
  RequestId: z.string().min(1),
  LogicalResourceId: z.string().min(1),
  PhysicalResourceId: z.string().optional(),
  /** Checked later: whatever is in it, an answer is due. */
  ResourceProperties: z.unknown(),
});

export type Request = z.infer<typeof requestSchema>;

/** `bucket` and `key` of the settings file that the deploy brings. */
export const propertiesSchema = z.object({ bucket: z.string().min(1), key: z.string().min(1) });

export interface Answer {
  readonly status: 'SUCCESS' | 'FAILED';
  /** Shown among the stack's events. */
  readonly reason: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** The whole answer may have 4,096 bytes. */
const MOST = 4096;

/** The body of an answer; a reason that is too long loses its end. */
export function bodyOf(request: Request, service: string, answer: Answer): string {
  const base = {
    Status: answer.status,
    // The same for every request: another id would make CloudFormation delete what it takes for an old resource.
    PhysicalResourceId: `foreshard-${service}-routes`,
    StackId: request.StackId,
    RequestId: request.RequestId,
    LogicalResourceId: request.LogicalResourceId,
    ...(answer.data === undefined ? {} : { Data: answer.data }),
  };
  const withReason = (reason: string) => JSON.stringify({ ...base, Reason: reason });
  let reason = answer.reason;
  while (Buffer.byteLength(withReason(reason)) > MOST && reason.length > 0)
    reason = `${reason.slice(0, Math.floor(reason.length * 0.9) - 1)}…`;
  return withReason(reason);
}

export type Put = (url: string, body: string) => Promise<{ readonly ok: boolean; readonly status: number }>;

/** The URL is signed without a content type: any other than the empty one is refused. */
export const put: Put = (url, body) =>
  fetch(url, { method: 'PUT', body, headers: { 'content-type': '' }, signal: AbortSignal.timeout(5000) });

/** @throws when the answer cannot be delivered after four tries */
export async function deliver(send: Put, clock: Clock, url: string, body: string): Promise<void> {
  for (let wait = 0.5; ; wait *= 2) {
    let why: string;
    try {
      const { ok, status } = await send(url, body);
      if (ok) return;
      why = `status ${status}`;
    } catch (error) {
      why = String(error);
    }
    if (wait > 2) throw new Error(`answer to CloudFormation: not delivered: ${why}`);
    await clock.sleepUntil(clock.now() + wait);
  }
}
