import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { readContext } from '../../infra/context.ts';
import { check } from '../../infra/nag.ts';
import { omit } from '../../infra/omit.ts';
import { ForeshardStack } from '../../infra/stack.ts';

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is a tree of anything
  readonly Properties?: any;
  readonly [attribute: string]: unknown;
}

export interface Synthesised {
  readonly folder: string;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly bytes: number;
  /** All resources of a type, by logical id. */
  of(type: string): Readonly<Record<string, Resource>>;
  /** The only resource of a type. */
  one(type: string): Resource;
}

/** What the app of infra/bin synthesises with this context. */
export function synthesise(context: Readonly<Record<string, unknown>> = {}): Synthesised {
  const outdir = scratch('synth');
  const { context: own } = JSON.parse(readFileSync('cdk.json', 'utf8'));
  const app = new App({ outdir, context: { ...own, ...context }, analyticsReporting: false });
  const { stackName, omitted, ...props } = readContext(app);
  omit(new ForeshardStack(app, stackName, props), omitted);
  check(app);
  app.synth();
  return read(outdir, stackName);
}

/** A template in a folder that was synthesised. */
export function read(folder: string, stackName: string): Synthesised {
  const text = readFileSync(join(folder, `${stackName}.template.json`), 'utf8');
  const { Resources, Outputs = {} } = JSON.parse(text);
  const resources = Resources as Readonly<Record<string, Resource>>;
  const of = (type: string) =>
    Object.fromEntries(Object.entries(resources).filter(([, { Type }]) => Type === type));
  const one = (type: string) => {
    const all = Object.values(of(type));
    if (all.length !== 1) throw new Error(`expected one ${type}, got ${all.length}`);
    return all[0]!;
  };
  return { folder, resources, outputs: Outputs, bytes: text.length, of, one };
}

/** A settings file in a folder of its own. @returns its path */
export function settingsFile(yaml: string): string {
  const file = join(scratch('settings'), 'settings.yaml');
  writeFileSync(file, yaml);
  return file;
}

export const MINIMAL = `
service: tiny
shards:
  - { name: one, capacity: { perInstance: 100 } }
fleet: { max: 20, zones: [a, b] }
`;

/** The settings of the example on x86: the runtime of its instances is this repository's own, no registry is asked for it. */
export const fleetOnX86 = (): string =>
  settingsFile(readFileSync('examples/fleet.yaml', 'utf8').replaceAll(/m([678])g\.large/g, 'm$1i.large'));

const home = mkdtempSync(join(tmpdir(), 'foreshard-infra-'));
process.once('exit', () => rmSync(home, { recursive: true, force: true }));

/** A folder that is gone when the tests are over. */
export const scratch = (name: string): string => mkdtempSync(join(home, `${name}-`));
