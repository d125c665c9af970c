import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { StackOptions } from '../stack/stack_options.ts';

/** A whole number, for commander. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** Adds the options of a stack. They have no defaults here: an option that was not given stays undefined. */
export function addStackFlags(command: Command): Command {
  return command
    .option('--all', 'also start instances and dashboard (without it: NGINX and Redis only)')
    .option('--instances <n>', 'number of instances (3)', wholeNumber)
    .option('--https-port <port>', "NGINX's HTTPS port (443)", wholeNumber)
    .option('--http-port <port>', "NGINX's HTTP port, which redirects to HTTPS (80)", wholeNumber)
    .option('--dashboard-port <port>', "the dashboard's own port (3001)", wholeNumber)
    .option('--redis-url <url>', 'a Redis of your own instead of one that is started; several hosts: a cluster')
    .addOption(new Option('--redis <kind>', 'one Redis, or a cluster of six (single)').choices(['single', 'cluster']))
    .addOption(new Option('--driver <driver>', 'processes or containers (native)').choices(['native', 'compose']))
    .option('--bind <address>', 'address that NGINX listens on (127.0.0.1)')
    .option('--max-per-user <n>', 'streams of one user (3 per instance, or 9 over all)', wholeNumber)
    .option('--max-connections <n>', 'streams in all (10000 per instance, or over all)', wholeNumber)
    .addOption(
      new Option('--pool-scope <scope>', 'where the limits count: on each instance, or over all (instance)').choices([
        'instance',
        'cluster',
      ]),
    )
    .addOption(new Option('--auth <mode>', 'keys: clients need a key of ./weir keys (none)').choices(['none', 'keys']))
    .option('--config <file>', 'providers and routes (weir.config.yaml, where it exists)', (file) => path.resolve(file))
    .option('--identity-header <name>', 'header that names the user; only behind a proxy that sets it');
}

/** Only the options that were given. */
export function saidFlags(flags: Partial<StackOptions>): Partial<StackOptions> {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}
