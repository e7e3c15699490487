import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type App, type Stack, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { type IVpc, MachineImage, Vpc } from 'aws-cdk-lib/aws-ec2';
import { z } from 'zod';
import { appConfigSchema } from '../agent/config.ts';
import { parseSettings } from '../core/settings/parse.ts';
import { stackName } from './names.ts';
import type { ShardedServiceProps } from './props.ts';
import type { ForeshardStackProps } from './stack.ts';

/** An object, given by `-c key=JSON` as text, or in cdk.json as it is. */
const json = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value, context) => {
    if (typeof value !== 'string') return value;
    try {
      return JSON.parse(value);
    } catch {
      context.addIssue({ code: 'custom', message: 'expected JSON' });
      return z.NEVER;
    }
  }, schema);

/** What `cdk -c NAME=VALUE` may say; docs/deploy.md explains each. */
const contextSchema = z.object({
  settings: z
    .string()
    .min(1)
    .default(join(import.meta.dirname, '../examples/fleet.yaml')),
  account: z
    .string()
    .regex(/^\d{12}$/, 'expected 12 digits')
    .optional(),
  region: z.string().min(1).optional(),
  vpc: json(
    z.strictObject({
      id: z.string().min(1),
      cidr: z.string().min(1).optional(),
      zones: z.array(z.string().min(1)).min(1),
      publicSubnets: z.array(z.string().min(1)).optional(),
      privateSubnets: z.array(z.string().min(1)).optional(),
    }),
  ).optional(),
  natGateways: z.coerce.number().int().min(0).max(12).optional(),
  ami: z
    .string()
    .regex(/^ami-\w+$/, 'expected ami-…')
    .optional(),
  certificate: z.string().startsWith('arn:').optional(),
  internal: z.stringbool().or(z.boolean()).optional(),
  deletionProtection: z.stringbool().or(z.boolean()).optional(),
  keepFleet: z.stringbool().or(z.boolean()).optional(),
  agent: z.stringbool().or(z.boolean()).or(json(appConfigSchema)).optional(),
  rehearsal: z
    .stringbool()
    .or(z.boolean())
    .or(json(z.strictObject({ percent: z.number() })))
    .optional(),
  runbooks: z.string().min(1).optional(),
  omit: z.string().default(''),
  endpoints: json(
    z.record(z.string().regex(/^[A-Z0-9_]+$/, 'expected a service id such as AUTO_SCALING'), z.url()),
  ).default({}),
});

const KEYS = Object.keys(contextSchema.shape);

export interface FromContext extends ForeshardStackProps {
  readonly stackName: string;
  /** Types of resources that are left out. */
  readonly omitted: readonly string[];
}

/**
 * What the context says.
 * @throws {RangeError} that names each value which is wrong
 */
export function readContext(app: App): FromContext {
  const said = Object.fromEntries(
    KEYS.map((key) => [key, app.node.tryGetContext(key)]).filter(([, value]) => value !== undefined),
  );
  const result = contextSchema.safeParse(said);
  if (!result.success)
    throw new RangeError(
      result.error.issues
        .map(
          ({ path, message }) =>
            `context ${path.join('.')}: ${message}, got ${JSON.stringify(said[String(path[0])])}`,
        )
        .join('\n'),
    );
  const { settings, account, region, omit, ...rest } = result.data;
  const file = resolve(settings);
  const env = { ...(account && { account }), ...(region && { region }) };
  return {
    stackName: stackName(parseSettings(readFileSync(file, 'utf8'), settings).service),
    omitted: omit.split(',').filter(Boolean),
    env,
    service: (stack) => serviceProps(stack, file, rest),
  };
}

type Rest = Omit<z.output<typeof contextSchema>, 'settings' | 'account' | 'region' | 'omit'>;

function serviceProps(
  stack: Stack,
  settings: string,
  { vpc, ami, certificate, endpoints, ...rest }: Rest,
): ShardedServiceProps {
  const plain = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    settings,
    ...plain,
    ...(vpc && { vpc: ownVpc(stack, vpc) }),
    ...(ami && { machineImage: MachineImage.genericLinux({ [stack.region]: ami }) }),
    ...(certificate && { certificate: Certificate.fromCertificateArn(stack, 'Certificate', certificate) }),
    endpoints: Object.fromEntries(
      Object.entries(endpoints).map(([service, url]) => [`AWS_ENDPOINT_URL_${service}`, url]),
    ),
  };
}

function ownVpc(stack: Stack, vpc: NonNullable<Rest['vpc']>): IVpc {
  const made = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: vpc.id,
    availabilityZones: vpc.zones,
    ...(vpc.cidr && { vpcCidrBlock: vpc.cidr }),
    ...(vpc.publicSubnets && { publicSubnetIds: vpc.publicSubnets }),
    ...(vpc.privateSubnets && { privateSubnetIds: vpc.privateSubnets }),
  });
  Validations.of(made).acknowledge({
    id: '@aws-cdk/aws-ec2:noSubnetRouteTableId',
    reason: 'Nothing here changes routes of a VPC that is there already.',
  });
  return made;
}
