import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { FunctionName } from '../../lambdas/environment.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** What `npx cdk synth` without arguments makes. */
export interface Synthesised {
  readonly seconds: number;
  readonly resources: readonly Resource[];
  /** Bundles by function. */
  readonly bundles: ReadonlyMap<FunctionName, { readonly file: string; readonly bytes: number }>;
  readonly memory: (name: FunctionName) => number;
}

/** Times the CDK CLI from a cold start, bundling included, and reads what it has made. */
export function synthesise(): Synthesised {
  const out = scratch('synth');
  const began = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/aws-cdk/bin/cdk'), 'synth', '--quiet', '--output', out],
    {
      cwd: ROOT,
      encoding: 'utf8',
      // As `npx` does: the project's own Node runs the app.
      env: {
        ...process.env,
        PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
        CDK_DISABLE_CLI_TELEMETRY: '1',
      },
    },
  );
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(`cdk synth: expected status 0, got ${status}: ${stderr.slice(-2000)}`);
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, { type: string; properties?: { templateFile?: string } }>;
  };
  const resources = Object.values(manifest.artifacts).flatMap(({ type, properties }) => {
    if (type !== 'aws:cloudformation:stack' || properties?.templateFile === undefined) return [];
    const template = JSON.parse(readFileSync(join(out, properties.templateFile), 'utf8')) as {
      Resources: Record<string, Resource>;
    };
    return Object.values(template.Resources);
  });
  const bundles = new Map<FunctionName, { file: string; bytes: number }>();
  const memories = new Map<string, number>();
  for (const { Type, Properties } of resources) {
    const { FunctionName, MemorySize, Code } = (Properties ?? {}) as {
      FunctionName?: string;
      MemorySize?: number;
      Code?: { S3Key?: string };
    };
    if (Type !== 'AWS::Lambda::Function' || typeof FunctionName !== 'string' || Code?.S3Key === undefined)
      continue;
    // foreshard-<service>-<folder>: the service of the example has no hyphen.
    const name = FunctionName.split('-').slice(2).join('-') as FunctionName;
    const file = join(out, `asset.${Code.S3Key.replace(/\.zip$/, '')}`, 'index.mjs');
    bundles.set(name, { file, bytes: readFileSync(file).length });
    memories.set(name, MemorySize ?? 128);
  }
  if (bundles.size === 0) throw new Error('cdk synth: expected functions in the template, got none');
  const memory = (name: FunctionName) => {
    const found = memories.get(name);
    if (found === undefined) throw new RangeError(`function ${name}: expected one in the template`);
    return found;
  };
  return { seconds, resources, bundles, memory };
}

/** A folder that goes when the process does. */
export function scratch(what: string): string {
  const folder = mkdtempSync(join(tmpdir(), `foreshard-${what}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const countOf = ({ resources }: Synthesised, type: string) =>
  resources.filter(({ Type }) => Type === type).length;
