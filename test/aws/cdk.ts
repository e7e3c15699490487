import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ACCOUNT, REGION, ROOT, type Where } from './servers.ts';

const run = promisify(execFile);
const ROOT_FOLDER = new URL('../..', import.meta.url).pathname;
const CLI = join(ROOT_FOLDER, 'node_modules/aws-cdk/bin/cdk');

/** Outputs of a stack, by name. */
export type Outputs = Readonly<Record<string, string>>;

/** Makes the account ready for deploys: bucket of assets, roles. */
export async function bootstrap(where: Where): Promise<void> {
  // Not in this folder, whose app would be synthesised first.
  await cdk(where, ['bootstrap', `aws://${ACCOUNT}/${REGION}`], where.folder);
}

/**
 * Deploys all stacks of an app with the CDK CLI.
 * @param app command that synthesises it
 * @returns outputs by stack
 */
export async function deploy(
  where: Where,
  app: string,
  context: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, Outputs>>> {
  const id = String(performance.now());
  const outputs = join(where.folder, `outputs-${id}.json`);
  await cdk(where, [
    ...['deploy', '--all', '--app', app, '--require-approval', 'never', '--progress', 'events'],
    ...['--output', join(where.folder, `cdk.out-${id}`), '--outputs-file', outputs],
    ...Object.entries(context).flatMap(([key, value]) => ['--context', `${key}=${value}`]),
  ]);
  return JSON.parse(await readFile(outputs, 'utf8'));
}

async function cdk(where: Where, args: readonly string[], cwd = ROOT_FOLDER): Promise<void> {
  try {
    await run(process.execPath, [CLI, ...args, '--no-notices'], {
      cwd,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
        // The CLI remembers accounts of access keys there.
        HOME: where.folder,
        CI: 'true',
        NO_COLOR: '1',
        CDK_DISABLE_CLI_TELEMETRY: 'true',
        AWS_ENDPOINT_URL: where.ministack,
        AWS_REGION: REGION,
        AWS_ACCESS_KEY_ID: ROOT.accessKeyId,
        AWS_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
      },
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`cdk ${args[0]} failed:\n${stdout ?? ''}\n${stderr ?? String(error)}`);
  }
}
