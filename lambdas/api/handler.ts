import { lambda } from '../lib/handler.ts';
import { requestSchema } from './event.ts';
import { serve } from './serve.ts';
import { wire } from './wiring.ts';

/** `api`: every operation of the HTTP API. The gateway has matched the route and checked the signature. */
export const handler = lambda(
  'api',
  requestSchema,
  wire,
  async (request, { parts: { parts, once }, logger, remaining }) => {
    const { requestId } = request.requestContext;
    const unexpected = (error: Error) => logger.error('unexpected', { requestId, error });
    const answer = await serve(request, { parts, once, remaining, unexpected });
    logger.info('answered', { requestId, status: answer.statusCode });
    return answer;
  },
  { ids: ({ routeKey, requestContext: { requestId } }) => ({ routeKey, requestId }) },
);
