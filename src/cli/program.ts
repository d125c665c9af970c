import { Command, InvalidArgumentError, Option } from 'commander';
import { USAGE_DAYS } from '../formats/cluster/usage_days.ts';
import type { StackOptions } from '../stack/stack_options.ts';
import type { Environment } from './environment.ts';
import { addKeysCommands } from './keys_command.ts';
import { addLoadFlags } from './load_flags.ts';
import { addStackFlags, saidFlags, wholeNumber } from './stack_flags.ts';
import type { UsageFlags } from './usage_command.ts';

/** Commander's sentences about an option and about an argument. */
const INVALID = /^option '(.+)' argument '(.*)' is invalid\. (.*)$/;
const INVALID_ARGUMENT = /^command-argument value '(.*)' is invalid for argument '(.+)'\. (.*)$/;

const reason = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** Turns commander's message into one sentence in the form of all other failures. */
export function usageSentence(text: string, command: string): string {
  const words = text
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .trim()
    .replace(INVALID, (_, flags, value, why) => `${flags} can not be "${value}": ${reason(why)}`)
    .replace(INVALID_ARGUMENT, (_, value, name, why) => `<${name}> can not be "${value}": ${reason(why)}`)
    .replace(/\.$/, '');
  return `${words}; see ${command} --help.`;
}

function daysOfUsage(text: string): number {
  const days = wholeNumber(text);
  if (days < 1 || days > USAGE_DAYS) throw new InvalidArgumentError(`It must be from 1 to ${USAGE_DAYS}.`);
  return days;
}

/** Runs a command and keeps its exit code. */
type Finish = (work: Promise<number>) => Promise<void>;

function addStackCommands(program: Command, environment: Environment, finish: Finish): void {
  addStackFlags(program.command('start').description('start the stack; returns when it serves')).action(
    (flags: Partial<StackOptions>) =>
      finish(import('./start_command.ts').then((its) => its.startCommand(saidFlags(flags), environment))),
  );
  program
    .command('stop')
    .description('stop everything; open streams may finish')
    .option('--now', 'without waiting for open streams')
    .action((flags: { now?: boolean }) =>
      finish(import('./start_command.ts').then((its) => its.stopCommand(flags.now === true, environment))),
    );
  addStackFlags(
    program
      .command('restart')
      .argument('[service]', 'one service only')
      .description('stop and start again')
      .option('--rolling', 'one instance after another; no request fails and no stream is cut'),
  ).action((service: string | undefined, { rolling, ...flags }: Partial<StackOptions> & { rolling?: boolean }) => {
    const said = saidFlags(flags);
    return finish(
      rolling
        ? import('./change_command.ts').then((its) => its.rollingRestartCommand(service, said, environment))
        : import('./start_command.ts').then((its) => its.restartCommand(service, said, environment)),
    );
  });
  program
    .command('scale')
    .argument('<n>', 'number of instances', wholeNumber)
    .description('change the number of instances while streams run')
    .action((instances: number) =>
      finish(import('./change_command.ts').then((its) => its.scaleCommand(instances, environment))),
    );
  program
    .command('reload')
    .description('instances read providers, routes and keys again; no stream is cut')
    .action(() => finish(import('./change_command.ts').then((its) => its.reloadCommand(environment))));
  program
    .command('status')
    .description('every service: state, pid, health, open streams')
    .option('--json', 'for programs')
    .action((flags: { json?: boolean }) =>
      finish(import('./status_command.ts').then((its) => its.statusCommand(flags.json === true, environment))),
    );
  program
    .command('dashboard')
    .description('open the dashboard, and print a link that logs in a browser')
    .action(() => finish(import('./dashboard_command.ts').then((its) => its.dashboardCommand(environment))));
  program
    .command('logs')
    .argument('[service]', 'nginx, redis, app-1 …, console or supervisor')
    .description('the last lines of the logs')
    .option('-f, --follow', 'and new lines as they come')
    .action((service: string | undefined, flags: { follow?: boolean }) =>
      finish(import('./logs_command.ts').then((its) => its.logsCommand(service, flags.follow === true, environment))),
    );
}

function addOtherCommands(program: Command, environment: Environment, finish: Finish): void {
  program
    .command('dev')
    .description('one instance in the foreground, without NGINX')
    .option('--port <port>', 'its port', wholeNumber, 8000)
    .action((flags: { port: number }) =>
      finish(import('./dev_command.ts').then((its) => its.devCommand(flags.port, environment))),
    );
  const load = addLoadFlags(program.command('load').description('load test')).action((url: string | undefined, flags) =>
    finish(import('./load.ts').then((its) => its.loadCommand(url, flags, environment))),
  );
  load
    .enablePositionalOptions()
    .command('compare')
    .argument('<a>', 'id of a run, last, or a file of --json')
    .argument('<b>', 'the same')
    .description('compare two runs')
    .option('--json', 'for programs')
    .action((a: string, b: string, flags: { json?: boolean }) =>
      finish(import('./load.ts').then((its) => its.loadCompareCommand(a, b, flags.json === true, environment))),
    );
  program
    .command('doctor')
    .description('what is wrong, why, and the command that fixes it')
    .option('--json', 'for programs')
    .action((flags: { json?: boolean }) =>
      finish(import('./doctor_command.ts').then((its) => its.doctorCommand(flags.json === true, environment))),
    );
  const certs = program.command('certs').description('the certificate for localhost');
  certs
    .command('show', { isDefault: true })
    .description('show it, and whether it is valid')
    .action(() => finish(import('./certs_command.ts').then((its) => its.certsCommand('show', environment))));
  certs
    .command('renew')
    .description('make a new one')
    .action(() => finish(import('./certs_command.ts').then((its) => its.certsCommand('renew', environment))));
  certs
    .command('trust')
    .description('make this machine and its browsers trust it')
    .action(() => finish(import('./certs_command.ts').then((its) => its.certsCommand('trust', environment))));
  certs
    .command('untrust')
    .description('undo certs trust')
    .action(() => finish(import('./certs_command.ts').then((its) => its.certsCommand('untrust', environment))));
  addKeysCommands(program, environment, finish);
  program
    .command('usage')
    .description('usage by key, model, day or user')
    .option('--days <n>', 'the last days, including today', daysOfUsage, 7)
    .addOption(new Option('--by <what>', 'group by').choices(['key', 'model', 'day', 'user']).default('key'))
    .option('--json', 'rows by day, key and model, or of users, for programs')
    .option('--csv', 'the same, for spreadsheets')
    .action((flags: UsageFlags) =>
      finish(import('./usage_command.ts').then((its) => its.usageCommand(flags, environment))),
    );
  program
    .command('test')
    .argument(
      '[areas...]',
      'check, unit, real, browser, alone, a folder of test/unit, or part of the names of test files',
    )
    .description('install what the tests need, and run them all, or those of some areas')
    .option('--long', 'the long forms instead: more cases of each property, soaks, leaks; at most 50 minutes')
    .action((areas: string[], { long }: { long?: boolean }) =>
      finish(import('./test_command.ts').then((its) => its.testCommand({ areas, isLong: long === true }, environment))),
    );
}

/** Defines all commands. `finish` gets the promise of the command that runs. */
export function buildProgram(environment: Environment, finish: Finish): Command {
  const program = new Command('weir')
    .description('Streams LLM answers to many users at once, from several instances behind NGINX.')
    .usage('<command> [options]')
    .version(environment.version, '--version', 'the version of Weir')
    // Options after a command's name belong to that command: `load --json FILE`, `load compare --json`.
    .enablePositionalOptions()
    .configureHelp({ sortSubcommands: false });
  addStackCommands(program, environment, finish);
  addOtherCommands(program, environment, finish);
  return program;
}
