import { routeKey } from '../../core/api/operation.ts';
import { OPERATIONS } from '../../core/api/operations.ts';

/**
 * What an HTTP API of API Gateway makes of a request: the route that matches, and the payload 2.0 for the function.
 * Written by AWS's documentation ("Working with AWS Lambda proxy integrations for HTTP APIs").
 */

export interface HttpRequest {
  readonly method: string;
  /** With its query, as it came. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Routes as API Gateway selects them: the more fixed segments, the better. */
const ROUTES = Object.values(OPERATIONS)
  .map((operation) => ({
    key: routeKey(operation),
    method: operation.method as string,
    segments: operation.path.split('/'),
  }))
  .sort((a, b) => variables(a.segments) - variables(b.segments));

function variables(segments: readonly string[]): number {
  return segments.filter((segment) => segment.startsWith('{')).length;
}

/** The event of a request; undefined where no route matches: the gateway answers 404 by itself. */
export function eventOf({ method, url, headers = {}, body }: HttpRequest): object | undefined {
  const { pathname, searchParams, search } = new URL(url, 'https://api.example.com');
  const path = pathname.split('/').map(decoded);
  if (path.includes(undefined)) return undefined;
  for (const route of ROUTES) {
    if (route.method !== method || route.segments.length !== path.length) continue;
    const pathParameters: Record<string, string> = {};
    const fits = route.segments.every((segment, i) => {
      if (!segment.startsWith('{')) return segment === path[i];
      pathParameters[segment.slice(1, -1)] = path[i]!;
      return path[i] !== '';
    });
    if (!fits) continue;
    const names = [...new Set(searchParams.keys())];
    return {
      version: '2.0',
      routeKey: route.key,
      rawPath: path.join('/'),
      rawQueryString: search.slice(1),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      ...(names.length > 0 && {
        queryStringParameters: Object.fromEntries(
          names.map((name) => [name, searchParams.getAll(name).join(',')]),
        ),
      }),
      ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
      ...(body !== undefined && { body }),
      isBase64Encoded: false,
      requestContext: {
        requestId: 'request-1',
        domainName: 'api.example.com',
        http: { method, path: path.join('/') },
        authorizer: { iam: { userArn: 'arn:aws:iam::111122223333:user/ann' } },
      },
    };
  }
  return undefined;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
