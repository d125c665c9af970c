import { type Command, CommanderError } from 'commander';
import { UsageError } from '../stack/stack_error.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { buildProgram, usageSentence } from './program.ts';
import { say } from './reporter.ts';

const USAGE = 2;

/** The command as the user types it: `./weir keys create`. */
function commandName(command: Command): string {
  return command.parent ? `${commandName(command.parent)} ${command.name()}` : './weir';
}

/** Every command of every subcommand throws instead of ending the program, so that the exit code is ours. */
async function run(environment: Environment): Promise<number> {
  let code = 0;
  const program = buildProgram(environment, async (work) => {
    code = await work;
  });
  const everyCommand = [program, ...program.commands, ...program.commands.flatMap((command) => command.commands)];
  for (const command of everyCommand) {
    const name = commandName(command);
    command.exitOverride().configureOutput({ outputError: (text) => say(usageSentence(text, name)) });
  }
  await program.parseAsync();
  return code;
}

function sentence({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOSPC' ? `No space is left on the disk (${message}); make room, then run this again.` : message;
}

// A reader that closes early (head, less) is not a failure, and must not stop a command half-way.
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  process.exitCode = await run(readEnvironment());
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  } else {
    say(sentence(error as NodeJS.ErrnoException));
    process.exitCode = error instanceof UsageError ? USAGE : 1;
  }
}
