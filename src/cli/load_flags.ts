import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Condition, parseCondition } from '../load/condition.ts';
import type { PlanFlags } from './load_plan_flags.ts';
import { wholeNumber } from './stack_flags.ts';

/** What commander makes of the flags of `load`. */
export interface LoadFlags extends PlanFlags {
  name?: string;
  keysFile?: string;
  apiKey?: string;
  failIf?: Condition[];
  abortIf?: Condition[];
  baseline?: string;
  json?: string;
  csv?: string;
  html?: string;
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
    .option('--duration <time>', 'how long to send, instead of -n: 30s, 2m', duration)
    .option('--rate <n>', 'requests per second, whether or not earlier ones have ended (open loop)', positive)
    .option('--poisson', 'with --rate: at random times (Poisson process)')
    .option('--seed <n>', 'seed of the random times (1)', wholeNumber)
    .option('--max-in-flight <n>', 'with --rate: requests above this number are not sent (10000)', wholeNumber)
    .option('--find-limit', 'raise concurrency from -c until more streams bring no more answers')
    .option('--warmup <time>', 'time at the start that is sent but not counted', duration)
    .option(
      '--users <n>',
      'users that take turns: one source address each, or one key (1; with --find-limit 2000)',
      wholeNumber,
    )
    .option('--api-key <key>', "API key (WEIR_API_KEY; for this stack: its operator's key)")
    .option('--keys-file <file>', 'file with API keys: one per line, one user each')
    .option('--slo <slo>', 'limits of a good answer: chat, retrieval, code, or TTFT/TPOT in ms such as 300/40')
    .option(
      '--fail-if <condition>',
      "exit with 99 when the condition is true, such as 'ttft.p95>500'; repeatable",
      condition,
    )
    .option('--abort-if <condition>', 'end the run as soon as the condition is true; repeatable', condition)
    .option('--baseline <run>', 'run to compare with: last, the id of a run, or a file of --json')
    .option('--name <name>', 'name of this run')
    .addOption(new Option('--api <api>', 'API of the server (weir)').choices(['weir', 'openai']))
    .option('--prompt <text>', 'prompt of each request', 'Write a short poem about performance testing.')
    .option('--model <name>', 'model', 'gpt-3.5-turbo')
    .option('--provider <name>', 'provider', 'fake')
    .addOption(
      new Option('--route <name>', 'a route of weir.config.yaml, instead of --model and --provider').conflicts([
        'model',
        'provider',
      ]),
    )
    .option('--resumable', 'streams continue over another connection when theirs breaks')
    .option('--fake <json>', 'knobs of the fake provider, such as {"tokens":20,"tokens_per_second":50}')
    .option('--json <file>', 'write the report as JSON to a file, or to stdout with -')
    .option('--csv <file>', 'write a line for each request')
    .option('--html <file>', 'write the report as one file for any browser')
    .option('--http1', 'use HTTP/1.1 even where the server offers HTTP/2')
    .option('--ca <file>', "trust this certificate authority (default: the stack's own)")
    .option('-k, --insecure', 'accept any certificate');
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds, for commander. */
function duration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = Number(number) * UNITS[unit as keyof typeof UNITS];
  if (!(ms > 0)) throw new InvalidArgumentError('It must be a time such as 30s, 500ms or 2m.');
  return ms;
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
}

function condition(text: string, earlier: Condition[] = []): Condition[] {
  try {
    return [...earlier, parseCondition(text)];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
