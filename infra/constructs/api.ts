import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { OPERATIONS } from '../../core/api/operations.ts';
import { namesOf } from '../names.ts';

export interface ApiProps {
  readonly service: string;
  readonly function: IFunction;
  readonly retention: RetentionDays;
}

/** Requests per second, and in one burst: a program that has gone wild is not to eat the account's Lambda concurrency. */
const THROTTLE = { rateLimit: 20, burstLimit: 40 } as const;

/** Of each request who asked for what, and what came of it; the function's log has the rest under the request's id. */
const LOGGED = {
  requestId: '$context.requestId',
  at: '$context.requestTime',
  caller: '$context.identity.userArn',
  sourceIp: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  bytes: '$context.responseLength',
  ms: '$context.responseLatency',
  error: '$context.error.messageString',
  integrationError: '$context.integrationErrorMessage',
} as const;

/**
 * The HTTP API: a route for each operation, all of them signed requests (IAM), so that a policy can allow one operation
 * and not another; nothing else reaches the function.
 */
export class Api extends Construct {
  readonly api: HttpApi;
  /** `https://…`, without a slash at its end. */
  readonly url: string;

  constructor(scope: Construct, id: string, { service, function: handler, retention }: ApiProps) {
    super(scope, id);
    this.api = new HttpApi(this, 'Http', {
      apiName: namesOf(service).api,
      description: `Foreshard ${service}`,
      createDefaultStage: false,
      defaultAuthorizer: new HttpIamAuthorizer(),
    });
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/vendedlogs/apis/${namesOf(service).api}`,
      retention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new LogGroupLogDestination(logGroup),
        format: AccessLogFormat.custom(JSON.stringify(LOGGED)),
      },
    });
    // One permission for all routes: the policy of a function has room for few.
    const integration = new HttpLambdaIntegration('Function', handler, { scopePermissionToRoute: false });
    for (const { path, method } of Object.values(OPERATIONS))
      this.api.addRoutes({ path, methods: [HttpMethod[method]], integration });
    this.url = this.api.apiEndpoint;
  }
}
