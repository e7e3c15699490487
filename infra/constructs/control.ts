import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import {
  Architecture,
  CfnEventInvokeConfig,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import {
  type EnvironmentOf,
  type FunctionName,
  functionName,
  NEEDS,
  type Variables,
} from '../../lambdas/environment.ts';
import type { Arns } from '../arns.ts';
import { bundles } from '../bundle.ts';
import { SHAPES, type Shape } from '../functions.ts';
import { HOOK_DOCUMENT } from '../hook-document.ts';
import { namesOf } from '../names.ts';
import { roleOf } from '../roles.ts';

export interface ChannelsProps {
  readonly service: string;
  readonly retention: RetentionDays;
}

/** What functions and instances speak through: the bus, the queue of failed events, reports, the document of the hooks. */
export class Channels extends Construct {
  readonly bus: EventBus;
  readonly failed: Queue;
  readonly reports: LogGroup;
  readonly hookDocument: CfnDocument;

  constructor(scope: Construct, id: string, { service, retention }: ChannelsProps) {
    super(scope, id);
    const names = namesOf(service);
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: names.bus,
      description: `Decisions of Foreshard for ${service}`,
    });
    this.failed = new Queue(this, 'Failed', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(this.failed).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is the dead-letter queue: of the functions’ events and of the rules.',
    });
    this.reports = new LogGroup(this, 'Reports', {
      logGroupName: names.reportLogGroup,
      retention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.hookDocument = new CfnDocument(this, 'HookDocument', {
      name: names.hookDocument,
      documentType: 'Command',
      documentFormat: 'JSON',
      content: HOOK_DOCUMENT,
      targetType: '/AWS::EC2::Instance',
      updateMethod: 'NewVersion',
    });
  }
}

export interface ControlProps {
  readonly service: string;
  readonly arns: Arns;
  readonly channels: Channels;
  readonly retention: RetentionDays;
  readonly variables: Variables;
  /** Put into every function's environment; for AWS-compatible servers. */
  readonly endpoints: Readonly<Record<string, string>>;
}

/** The functions, each with a role of its own. */
export class Control extends Construct {
  readonly #functions: ReadonlyMap<FunctionName, LambdaFunction>;

  constructor(scope: Construct, id: string, props: ControlProps) {
    super(scope, id);
    this.#functions = new Map(
      [...bundles()].map(([name, { folder }]) => [name, this.#make(name, folder, props)]),
    );
  }

  function(name: FunctionName): LambdaFunction {
    return this.#functions.get(name)!;
  }

  #make(name: FunctionName, folder: string, props: ControlProps): LambdaFunction {
    const { service, arns, channels, retention, variables, endpoints } = props;
    const { about, memory, timeout, async }: Shape = SHAPES[name];
    const logGroup = new LogGroup(this, `${name}-log`, {
      logGroupName: `/aws/lambda/${functionName(service, name)}`,
      retention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = roleOf(this, `${name}-role`, name, arns, 'lambda.amazonaws.com');
    const made = new LambdaFunction(this, name, {
      functionName: functionName(service, name),
      description: about,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(folder),
      handler: 'index.handler',
      memorySize: memory,
      timeout: Duration.seconds(timeout),
      tracing: Tracing.ACTIVE,
      // Powertools writes JSON lines and metrics by itself.
      loggingFormat: LoggingFormat.TEXT,
      logGroup,
      role: role.withoutPolicyUpdates(),
      environment: { ...environment(name, variables), ...endpoints },
    });
    if (async)
      new CfnEventInvokeConfig(this, `${name}-async`, {
        functionName: made.functionName,
        qualifier: '$LATEST',
        maximumRetryAttempts: async.retries,
        maximumEventAgeInSeconds: Math.max(60, async.maxAge),
        destinationConfig: { onFailure: { destination: channels.failed.queueArn } },
      });
    return made;
  }
}

function environment<F extends FunctionName>(name: F, variables: Variables): EnvironmentOf<F> {
  const needs: readonly (keyof Variables)[] = NEEDS[name];
  return Object.fromEntries(needs.map((key) => [key, variables[key]])) as unknown as EnvironmentOf<F>;
}
