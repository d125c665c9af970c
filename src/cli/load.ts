import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ZodError } from 'zod';
import { runLoadCommand } from '../load/node/load_command.ts';
import { type FakeOptions, fakeOptionsSchema } from '../protocol/stream_request.ts';
import { stackUrl } from '../stack/service_specs.ts';
import { UsageError } from '../stack/stack_error.ts';
import { DEFAULT_STACK_OPTIONS } from '../stack/stack_options.ts';
import type { Environment } from './environment.ts';
import { keptOptions, layoutOf } from './stack_access.ts';
import { wholeNumber } from './stack_flags.ts';

/** What commander makes of the flags of `load`. */
interface LoadFlags {
  concurrency: number;
  requests: number;
  prompt: string;
  model: string;
  provider: string;
  resumable?: boolean;
  fake?: string;
  json?: string;
  http1?: boolean;
  insecure?: boolean;
  ca?: string;
}

/** Adds the options of `load`; the defaults are the guide's load test. */
export function addLoadFlags(command: Command): Command {
  return command
    .argument('[url]', "where to send the requests (default: this stack's NGINX)")
    .option('-c, --concurrency <n>', 'requests in flight at once', wholeNumber, 10)
    .option('-n, --requests <n>', 'requests in all', wholeNumber, 30)
    .option('--prompt <text>', 'what to ask', 'Write a short poem about performance testing.')
    .option('--model <name>', 'model', 'gpt-3.5-turbo')
    .option('--provider <name>', 'provider', 'fake')
    .option('--resumable', 'streams go on over another connection when theirs breaks')
    .option('--fake <json>', 'knobs of the fake provider, such as {"tokens":20,"tokens_per_second":50}')
    .option('--json <file>', 'write the report as JSON to a file, or to stdout with -')
    .option('--http1', 'HTTP/1.1 also where HTTP/2 is offered')
    .option('--ca <file>', "trust this certificate authority (default: the stack's own)")
    .option('-k, --insecure', 'accept any certificate');
}

function parseFake(text: string): Partial<FakeOptions> {
  try {
    const parsed = fakeOptionsSchema.partial().strict().parse(JSON.parse(text));
    return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
  } catch (error) {
    const why = error instanceof ZodError ? error.issues.map((issue) => issue.message).join(', ') : 'it is not JSON';
    const knobs = Object.keys(fakeOptionsSchema.shape).join(', ');
    throw new UsageError(`--fake: ${why}`, `for example {"tokens":20}; the knobs are ${knobs}`, { cause: error });
  }
}

function authority(flags: LoadFlags, environment: Environment): string | undefined {
  const file = flags.ca ?? layoutOf(environment).certificates.authority;
  if (existsSync(file)) return readFileSync(file, 'utf8');
  if (flags.ca === undefined) return undefined;
  throw new UsageError(`there is no file ${flags.ca}`, 'name the PEM file of the authority with --ca');
}

/** `load`: hands the flags to the load engine and returns its exit code. */
export async function loadCommand(
  url: string | undefined,
  flags: LoadFlags,
  environment: Environment,
): Promise<number> {
  if (flags.concurrency < 1 || flags.requests < 1) {
    throw new UsageError('-c and -n have to be at least 1', 'for example ./weir load -c 10 -n 30');
  }
  const { concurrency, requests, prompt, model, provider, resumable, json, http1, insecure } = flags;
  const ca = authority(flags, environment);
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  return runLoadCommand({
    plan: {
      url: url ?? stackUrl(keptOptions(layoutOf(environment)) ?? DEFAULT_STACK_OPTIONS),
      mode: { kind: 'closed', concurrency, requests },
      warmupMs: 0,
      prompt,
      model,
      provider,
      users: 1,
      api: 'weir',
      ...(resumable === undefined ? {} : { resumable }),
      ...(flags.fake === undefined ? {} : { fake: parseFake(flags.fake) }),
    },
    signal: interrupt.signal,
    ...(json === undefined ? {} : { json }),
    ...(http1 === undefined ? {} : { http1 }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(ca === undefined ? {} : { ca }),
  });
}
