import * as z from 'zod';

/** API Gateway leaves out what is empty, others say null. */
const texts = z
  .record(z.string(), z.string())
  .nullish()
  .transform((given) => given ?? {});

/** An HTTP request as API Gateway hands it over (HTTP API, payload 2.0), as far as it is read here. */
export const requestSchema = z.object({
  version: z.literal('2.0'),
  /** `GET /shards/{shard}`, or `$default`. */
  routeKey: z.string(),
  /** By lower-case name. */
  headers: texts,
  /** Decoded; several values of a name joined by commas. */
  queryStringParameters: texts,
  pathParameters: texts,
  body: z
    .string()
    .nullish()
    .transform((text) => text ?? undefined),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({
    requestId: z.string(),
    domainName: z.string(),
    authorizer: z.object({ iam: z.object({ userArn: z.string() }) }).optional(),
  }),
});

export type ApiRequest = z.output<typeof requestSchema>;

export interface ApiAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The body as JSON. `undefined`: there is none. @throws {SyntaxError} */
export function jsonOf({ body, isBase64Encoded }: Pick<ApiRequest, 'body' | 'isBase64Encoded'>): unknown {
  if (body === undefined || body === '') return undefined;
  return JSON.parse(isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body);
}
