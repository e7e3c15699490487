import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';

/**
 * `node cli/check-layout.ts [imports] [sizes] [lock]`: what neither the compiler nor the linter sees of how the
 * repository is laid out. One line per finding, exit code 1 when there is any.
 */

interface Rule {
  /** Top folders that may be imported from, besides its own. */
  readonly folders: readonly string[];
  /** Packages; `any` where nothing is said against them. `node:` modules count as one package. */
  readonly packages: readonly string[] | 'any';
}

const RULES: Readonly<Record<string, Rule>> = {
  core: { folders: [], packages: ['zod', 'yaml', 'fastest-levenshtein'] },
  flows: { folders: ['core'], packages: [] },
  adapters: { folders: ['core'], packages: 'any' },
  backtest: { folders: ['core', 'flows'], packages: 'any' },
  lambdas: { folders: ['core', 'flows', 'adapters'], packages: 'any' },
  statemachines: { folders: ['core', 'adapters', 'lambdas'], packages: 'any' },
  infra: { folders: ['core', 'flows', 'adapters', 'lambdas', 'statemachines', 'agent'], packages: 'any' },
  agent: { folders: ['core', 'adapters'], packages: 'any' },
  cli: { folders: ['core', 'flows', 'adapters', 'backtest'], packages: 'any' },
  bench: {
    folders: [
      'core',
      'flows',
      'adapters',
      'lambdas',
      'statemachines',
      'infra',
      'agent',
      'backtest',
      'cli',
      'test',
    ],
    packages: 'any',
  },
  examples: { folders: ['core', 'backtest', 'infra'], packages: 'any' },
};

const IMPORT =
  /^\s*(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]/gm;

/** Findings in one source: imports that its folder may not have. Pure, for the test. */
export function importFindings(file: string, source: string): string[] {
  const folder = file.split('/')[0]!;
  const rule = RULES[folder];
  if (rule === undefined) return [];
  const found: string[] = [];
  for (const match of source.matchAll(IMPORT)) {
    const target = (match[1] ?? match[2] ?? match[3])!;
    if (allowed(rule, folder, file, target)) continue;
    const line = source.slice(0, match.index + match[0].indexOf(target)).split('\n').length;
    found.push(`${file}:${line}: ${folder}/ may not import ${target}`);
  }
  return found;
}

function allowed({ folders, packages }: Rule, own: string, file: string, target: string): boolean {
  if (target.startsWith('.')) {
    const path = normalize(join(dirname(file), target));
    // package.json, at the root, is nobody's folder.
    return !path.includes('/') || [own, ...folders].includes(path.split('/')[0]!);
  }
  if (packages === 'any') return true;
  return (
    !builtinModules.includes(target) &&
    packages.some((name) => target === name || target.startsWith(`${name}/`))
  );
}

const MOST = { median: 100, nineTenths: 260, any: 400 };

/** Findings in the numbers of lines of all sources. */
export function sizeFindings(sizes: readonly (readonly [file: string, lines: number])[]): string[] {
  const sorted = sizes.map(([, lines]) => lines).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const found = sizes
    .filter(([, lines]) => lines > MOST.any)
    .map(([file, lines]) => `${file}: expected at most ${MOST.any} lines, got ${lines}`);
  if (at(0.5) > MOST.median) found.push(`median: expected at most ${MOST.median} lines, got ${at(0.5)}`);
  if (at(0.9) > MOST.nineTenths)
    found.push(`nine files in ten: expected at most ${MOST.nineTenths} lines, got ${at(0.9)}`);
  return found;
}

type Locked = Readonly<Record<string, unknown>> & {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

/** Findings in package-lock.json: addresses (they differ from machine to machine), or packages that `npm ci` would miss. */
export function lockFindings(lock: { readonly packages: Readonly<Record<string, Locked>> }): string[] {
  return Object.entries(lock.packages).flatMap(([at, { funding: _, ...entry }]) => {
    const found = JSON.stringify(entry).includes('://')
      ? [`${at}: expected no address in the lock file`]
      : [];
    // What a package carries in its own archive is no download.
    if ('inBundle' in entry) return found;
    if (at !== '' && !('integrity' in entry) && !('link' in entry))
      found.push(`${at}: expected an integrity`);
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      const nested = `${at}/node_modules/${name}` in lock.packages;
      if (!nested && !(`node_modules/${name}` in lock.packages))
        found.push(`${at}: its optional ${name} is not in the lock file; "npm ci" refuses that`);
    }
    return found;
  });
}

function sources(): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' });
  return listed.split('\n').filter((file) => /\.(ts|js)$/.test(file) && !file.endsWith('.d.ts'));
}

const CHECKS: Readonly<Record<string, () => string[]>> = {
  imports: () => sources().flatMap((file) => importFindings(file, readFileSync(file, 'utf8'))),
  sizes: () =>
    sizeFindings(sources().map((file) => [file, readFileSync(file, 'utf8').split('\n').length - 1])),
  lock: () => [
    ...lockFindings(JSON.parse(readFileSync('package-lock.json', 'utf8'))),
    ...(readFileSync('.npmrc', 'utf8').includes('://') ? ['.npmrc: expected no address'] : []),
  ],
};

if (import.meta.main) {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(CHECKS);
  const unknown = names.find((name) => !Object.hasOwn(CHECKS, name));
  const found = unknown
    ? [`${unknown}: expected one of ${Object.keys(CHECKS).join(', ')}`]
    : names.flatMap((name) => CHECKS[name]!());
  for (const line of found) console.error(line);
  process.exitCode = found.length > 0 ? 1 : 0;
}
