import { parse, YAMLParseError } from 'yaml';
import * as z from 'zod';
import { NAME } from '../core/settings/name.ts';
import { show, showPath } from '../core/settings/problem.ts';

/** The application listens this much above the port of its slice when a gateway stands in front of it. */
export const APP_PORT_OFFSET = 10_000;
export const CONFIG_FILE = '/etc/foreshard/agent.yaml';

const seconds = z.number().min(0.1).max(3600);
const port = z.int().min(1).max(65_535);
const path = z.string().startsWith('/', 'expected an absolute path').max(500);

/** How the agent asks something of the application; agent/hooks/ makes an App of it. */
const hooks = z.union([
  /** POST {http}/activate and so on; `{port}` is the slice's port, `{appPort}` that of the application behind a gateway. */
  z.strictObject({ http: z.string().regex(/^http:\/\/[^/]+/, 'expected http://host:port/path') }),
  /** Executables of this folder: activate, deactivate, … */
  z.strictObject({ exec: path }),
]);

/**
 * Where the state of a slot is: in what the hook `changes` gives, in files, or in a directory. Paths may have `{shard}`,
 * `{port}` and `{slot}` in them.
 */
const state = z.union([
  z.literal('stream'),
  z.strictObject({ files: z.array(path).min(1).max(1000) }),
  z.strictObject({ directory: path }),
]);

const timeouts = z.strictObject({
  /** `activate` and `deactivate` (s). */
  activate: seconds.default(60),
  /** Every other hook, until it has answered (s); of a stream, until its first byte. */
  call: seconds.default(10),
  /** Without any byte of a stream (s). */
  stall: seconds.default(30),
});

export const configSchema = z.strictObject({
  service: z.string().regex(NAME, 'expected a name of 1 to 32 letters, digits and hyphens'),
  table: z.string().min(1),
  /** Where settings.yaml is, and where state hops that agents cannot send each other. */
  bucket: z.string().min(1).optional(),
  /** A settings file in place of the bucket's. */
  settings: path.optional(),
  /** @default the instance's, from its metadata */
  region: z.string().min(1).optional(),
  /** Ports of the slices. @default as many from 8080 as the settings say */
  slices: z.array(port).min(1).max(64).optional(),
  /** Where other agents bring state to. */
  transferPort: port.default(7946),
  /** Private address that other agents reach this one at. @default from the metadata */
  address: z.string().min(1).optional(),
  metadata: z
    .string()
    .regex(/^http:\/\/[^/]+$/, 'expected http://host:port')
    .default('http://169.254.169.254'),
  /** Folder that is empty after a boot: the socket of the commands, and what each slice serves. */
  run: path.default('/run/foreshard/agent'),
  hooks: hooks.default({ exec: '/opt/foreshard/hooks' }),
  state: state.default('stream'),
  timeouts: timeouts.prefault({}),
  /** What is different for one shard, by its name. */
  shards: z
    .record(
      z.string(),
      z.strictObject({ hooks: hooks.optional(), state: state.optional(), timeouts: timeouts.optional() }),
    )
    .default({}),
});

export type Config = z.infer<typeof configSchema>;
/** The part that is the user's to say, for the app that deploys. */
export const appConfigSchema = configSchema
  .pick({ hooks: true, state: true, timeouts: true, shards: true })
  .partial();

/** What of it is the user's to say; the rest is known where the service is deployed. */
export type AppConfigInput = Partial<
  Pick<z.input<typeof configSchema>, 'hooks' | 'state' | 'timeouts' | 'shards'>
>;
export type AppConfig = Pick<Config, 'hooks' | 'state' | 'timeouts'>;

/** Thrown for a wrong configuration: one line per problem, `FILE: FIELD: expected BOUND, got VALUE`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the agent's configuration.
 * @param file its name, for messages
 * @throws {ConfigError} with all that is wrong
 */
export function parseConfig(text: string, file: string): Config {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (error instanceof YAMLParseError) throw new ConfigError(`${file}: not valid YAML: ${error.message}`);
    throw error;
  }
  const result = configSchema.safeParse(value);
  const lines = result.success
    ? where(result.data)
    : result.error.issues.map((issue) => {
        const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
        const at = [...issue.path, ...keys.slice(0, 1)] as (string | number)[];
        const expected = keys.length > 0 ? 'expected a known key' : bound(issue.message);
        return `${showPath(at).replace(/^settings$/, 'config')}: ${expected}, got ${show(valueAt(value, at))}`;
      });
  if (lines.length > 0) throw new ConfigError(lines.map((line) => `${file}: ${line}`).join('\n'));
  return result.data!;
}

/** What must hold between fields. */
function where({ bucket, settings, slices = [] }: Config): string[] {
  const repeated = slices.findIndex((one, i) => slices.indexOf(one) < i);
  return [
    ...(bucket || settings ? [] : ['bucket: expected a bucket, or a settings file, got nothing']),
    ...(repeated < 0 ? [] : [`slices[${repeated}]: expected each port once, got ${slices[repeated]} again`]),
    ...slices.flatMap((one, i) =>
      one + APP_PORT_OFFSET > 65_535
        ? [`slices[${i}]: expected at most ${65_535 - APP_PORT_OFFSET}, got ${one}`]
        : [],
    ),
  ];
}

/** Zod's message without its kind and without the value, which {@link show} says better. */
const bound = (message: string) =>
  message.replace(/^(Invalid|Too)[^:]*: /, '').replace(/, received .*$/, '') || 'expected something else';

function valueAt(root: unknown, at: readonly (string | number)[]): unknown {
  let value = root;
  for (const key of at) value = (value as Record<string | number, unknown> | null | undefined)?.[key];
  return value;
}

/** What holds for a shard: what is said of it, and where nothing is, the common part. */
export function appConfigOf(config: Config, shard: string): AppConfig {
  const own = Object.hasOwn(config.shards, shard) ? config.shards[shard]! : {};
  return {
    hooks: own.hooks ?? config.hooks,
    state: own.state ?? config.state,
    timeouts: own.timeouts ?? config.timeouts,
  };
}
