import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/**
 * The SDK's schemas name some keys by constants (`{ [_eQN]: 'Min' }`). To the bundler a computed key may do anything, so it
 * keeps each schema that has one: 0.5 MB of client-ec2, for all its 700 calls. With the constants written out it
 * keeps those that are used; not a line of the SDK behaves otherwise.
 */
export const schemas: Plugin = {
  name: 'schemas',
  setup(build) {
    build.onLoad(
      { filter: /@aws-sdk\/client-[\w-]+\/dist-es\/schemas\/schemas_0\.js$/ },
      async ({ path }) => ({
        contents: withPlainKeys(await readFile(path, 'utf8')),
        loader: 'js',
      }),
    );
  },
};

/** Keys that are constants of the same source, as what they stand for. Pure, for the test. */
export function withPlainKeys(source: string): string {
  const constants = new Map<string, string>();
  for (const [, name = '', value = ''] of source.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm))
    constants.set(name, value);
  return source.replace(/\[(_\w+)\]:/g, (key, name: string) => {
    const value = constants.get(name);
    return value === undefined ? key : `${value}:`;
  });
}
