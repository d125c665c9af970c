import { existsSync, readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { modelsViewSchema } from '../formats/cluster/cluster_view.ts';
import { compareReports } from '../load/compare_reports.ts';
import { type Condition, parseCondition } from '../load/condition.ts';
import { apiBaseUrl } from '../load/load_plan.ts';
import { style } from '../load/node/deliver_report.ts';
import { runLoadCommand } from '../load/node/load_command.ts';
import { comparisonTable } from '../load/node/report_table.ts';
import { findReport, NoReport, RunStore } from '../load/node/run_store.ts';
import { inspectCertificate } from '../stack/certificates/inspect_certificate.ts';
import { shortRequest } from '../stack/http_request.ts';
import { operatorKey } from '../stack/keys/api_keys.ts';
import { stackUrl } from '../stack/stack_addresses.ts';
import { UsageError } from '../stack/stack_error.ts';
import { DEFAULT_STACK_OPTIONS } from '../stack/stack_options.ts';
import type { Environment } from './environment.ts';
import { type PlanFlags, planOfFlags } from './load_plan_flags.ts';
import { print } from './reporter.ts';
import { expectedOf, keptOptions, layoutOf } from './stack_access.ts';
import { wholeNumber } from './stack_flags.ts';

/** What commander makes of the flags of `load`. */
interface LoadFlags extends PlanFlags {
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

function authority(flags: LoadFlags, environment: Environment): string | undefined {
  const { certificates } = layoutOf(environment);
  // For a certificate of the operator's own, the authorities that this machine trusts decide.
  if (flags.ca === undefined && !inspectCertificate(certificates).isOurs) return undefined;
  const file = flags.ca ?? certificates.authority;
  if (existsSync(file)) return readFileSync(file, 'utf8');
  if (flags.ca === undefined) return undefined;
  throw new UsageError(`there is no file ${flags.ca}`, 'name the PEM file of the authority with --ca');
}

/** One key for each user. For the stack itself, where it requires keys, the operator's key. */
function keysOf(url: string | undefined, { keysFile, apiKey }: LoadFlags, environment: Environment): string[] {
  if (keysFile !== undefined) return keysOfFile(keysFile);
  const layout = layoutOf(environment);
  const isOurs = url === undefined && keptOptions(layout)?.auth === 'keys';
  const key = apiKey ?? environment.apiKey ?? (isOurs ? operatorKey(layout) : undefined);
  return key === undefined ? [] : [key];
}

function keysOfFile(file: string): string[] {
  if (!existsSync(file)) throw new UsageError(`there is no file ${file}`, 'name one with an API key in each line');
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/** `load`: hands the flags to the load engine and returns its exit code. */
export async function loadCommand(
  url: string | undefined,
  flags: LoadFlags,
  environment: Environment,
): Promise<number> {
  const layout = layoutOf(environment);
  const keys = keysOf(url, flags, environment);
  const plan = planOfFlags(url ?? stackUrl(keptOptions(layout) ?? DEFAULT_STACK_OPTIONS), flags, keys.length);
  if (flags.route !== undefined) await mustHaveRoute(plan.url, flags.route, keys[0]);
  const { json, csv, html, baseline, http1, insecure } = flags;
  const ca = authority(flags, environment);
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  return runLoadCommand({
    plan,
    name: flags.name ?? 'load test',
    connect: {
      ...(http1 === undefined ? {} : { http1 }),
      ...(insecure === undefined ? {} : { insecure }),
      ...(ca === undefined ? {} : { ca }),
    },
    keys,
    // The instances of another server are not known in advance.
    expected: url === undefined ? expectedOf(layout) : [],
    failIf: flags.failIf ?? [],
    abortIf: flags.abortIf ?? [],
    runs: new RunStore(layout.runs),
    signal: interrupt.signal,
    ...(baseline === undefined ? {} : { baseline }),
    ...(json === undefined ? {} : { json }),
    ...(csv === undefined ? {} : { csv }),
    ...(html === undefined ? {} : { html }),
  });
}

/**
 * Refuses a name that is not a route: it would be taken as a model of the default provider, and the run would measure that.
 * @param url as a plan has it @param key where clients need one
 * @throws UsageError where the server lists its routes, and not this one
 */
export async function mustHaveRoute(url: string, route: string, key: string | undefined): Promise<void> {
  const names = await routesOf(url, key);
  if (names === undefined || names.includes(route)) return;
  throw new UsageError(
    `${url} has no route ${route}`,
    names.length === 0
      ? 'add it to weir.config.yaml (docs/routes.md), then ./weir reload'
      : `it has ${names.join(', ')}`,
  );
}

/** Undefined where the server does not say; the run itself then reports what is wrong. */
async function routesOf(url: string, key: string | undefined): Promise<string[] | undefined> {
  try {
    const headers = key === undefined ? {} : { 'x-api-key': key };
    const { body } = await shortRequest({ url: `${apiBaseUrl(url)}/models`, headers });
    return modelsViewSchema.parse(JSON.parse(body)).routes.map(({ name }) => name);
  } catch {
    return undefined;
  }
}

/** `load compare`: two runs side by side. `a` and `b` are files, ids of kept runs, or `last`. */
export async function loadCompareCommand(
  a: string,
  b: string,
  json: boolean,
  environment: Environment,
): Promise<number> {
  const runs = new RunStore(layoutOf(environment).runs);
  try {
    const [left, right] = [findReport(a, runs), findReport(b, runs)];
    const rows = compareReports(left.report, right.report);
    print(json ? JSON.stringify({ rows }, null, 2) : comparisonTable(rows, left.name, right.name, style).trimEnd());
    return 0;
  } catch (error) {
    if (!(error instanceof NoReport)) throw error;
    throw new UsageError(error.message.replace(/;.*$/, ''), 'see the ids in .weir/runs', { cause: error });
  }
}
