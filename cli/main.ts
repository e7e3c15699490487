import { Command, CommanderError } from 'commander';
import pkg from '../package.json' with { type: 'json' };
import { fail } from './fail.ts';

/** What a command's file exports: it adds its options, and an action that does the work. */
export interface CommandModule {
  configure(command: Command): void;
}

/** Every command: one line here, one file, loaded when it is called. */
const COMMANDS: Readonly<Record<string, readonly [summary: string, load: () => Promise<CommandModule>]>> = {
  backtest: [
    'replay load and Spot history: cost, misses, next to AWS policies',
    () => import('./backtest.ts'),
  ],
  import: ['write a load history from CloudWatch, for backtest and init', () => import('./import.ts')],
  init: ['derive a settings file from a load history', () => import('./init.ts')],
  forecast: ['forecast the series of a load history, as CSV', () => import('./forecast.ts')],
  explain: ['say why an instance or a shard moved', () => import('./explain.ts')],
  status: ['say how a deployed service stands', () => import('./status.ts')],
  mode: ['switch shards of a deployed service: shadow, active, hold', () => import('./mode.ts')],
  proposals: ['show new shards that are proposed, accept or decline one', () => import('./proposals.ts')],
  rehearse: ['interrupt a Spot instance and say what came of it', () => import('./rehearse.ts')],
  settings: ['show or change the settings of a deployed service', () => import('./settings.ts')],
  schema: ['write the JSON Schema of the settings for editors', () => import('./schema.ts')],
};

/**
 * Runs one command line and returns the exit code: 0, 1 after an error, 2 for wrong usage. Results go to stdout,
 * messages and progress to stderr.
 * @param args without the interpreter and the script
 */
export async function main(args: readonly string[]): Promise<number> {
  // A reader that has enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  try {
    const program = await programFor(args);
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return 2;
    }
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander ends --help and --version this way.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // A command that has sub-commands, without one: its help has been shown.
    if (error instanceof CommanderError && error.code === 'commander.help') return 2;
    return fail(error);
  }
}

async function programFor(args: readonly string[]): Promise<Command> {
  const program = new Command('foreshard')
    .description(
      'Capacity for every shard before its load arrives, and state kept when Spot takes an instance.',
    )
    .version(pkg.version)
    .showSuggestionAfterError()
    .exitOverride()
    // Said once, by fail().
    .configureOutput({ outputError: () => undefined });
  const called = args[0] === 'help' ? args[1] : args[0];
  for (const [name, [summary, load]] of Object.entries(COMMANDS)) {
    const command = program.command(name).description(summary);
    if (name === called) (await load()).configure(command);
  }
  return program;
}
