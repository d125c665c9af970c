import { clusterViewSchema } from '../../formats/cluster/cluster_view.ts';
import { lastLine } from '../machine/run_command.ts';
import { StackError } from '../stack_error.ts';
import { askConfig, HEALTH_PATH, type ReloadResult, reloadResult } from '../supervisor/reload_instances.ts';
import type { AskPeer } from '../usage/read_usage.ts';

/** Runs compose with this stack's variables. */
export type RunCompose = (args: string[], onLine?: (line: string) => void) => Promise<{ code: number; output: string }>;

/** Asks from within the container: no port of an instance is published. Its arguments: a variable with a port, a path. */
const ASK = `const { env, argv } = process;
const [, port, path] = argv;
const secret = env.PEER_SECRET || require('node:fs').readFileSync(env.PEER_SECRET_FILE, 'utf8').trim();
fetch('http://127.0.0.1:' + env[port] + path, { headers: { 'x-peer-secret': secret } }).then(async (answer) => {
  console.log(JSON.stringify({ status: answer.status, body: await answer.text() }));
});`;

async function ask(compose: RunCompose, name: string, port: 'PORT' | 'PEER_PORT', path: string) {
  let answer = '';
  // Line by line, because long output is cut.
  const { code } = await compose(['exec', '-T', name, 'node', '-e', ASK, port, path], (line) => {
    if (line.startsWith('{')) answer = line;
  });
  if (code !== 0 || answer === '') throw new StackError(`${name} does not answer`, `see ./weir logs ${name}`);
  return JSON.parse(answer) as { status: number; body: string };
}

/** The private listeners of instances in containers. */
export function containerPeers(compose: RunCompose, names: readonly string[]): AskPeer[] {
  return names.map((name) => (path) => ask(compose, name, 'PEER_PORT', path));
}

/** Open streams of all instances, by name, as this instance reports them; empty where it does not answer. */
export async function activeStreams(compose: RunCompose, name: string): Promise<ReadonlyMap<string, number>> {
  try {
    const { body } = await ask(compose, name, 'PORT', '/api/v1/cluster');
    const { instances } = clusterViewSchema.parse(JSON.parse(body));
    return new Map(instances.map(({ id, active_streams }) => [id, active_streams]));
  } catch {
    return new Map();
  }
}

/** Makes instances in containers read providers and routes again, and waits for their results. */
export async function reloadContainers(compose: RunCompose, names: readonly string[]): Promise<ReloadResult[]> {
  const healthOf = (name: string) => () => ask(compose, name, 'PORT', HEALTH_PATH);
  const found = await Promise.all(names.map(async (name) => ({ name, before: await askConfig(healthOf(name)) })));
  const answering = found.flatMap(({ name, before }) => (before ? [name] : []));
  if (answering.length > 0) {
    const { code, output } = await compose(['kill', '--signal', 'SIGHUP', ...answering]);
    if (code !== 0) throw new StackError(`SIGHUP could not be sent (${lastLine(output)})`, 'see ./weir status');
  }
  return Promise.all(
    found.map(async ({ name, before }): Promise<ReloadResult> => {
      return { name, result: before ? await reloadResult(healthOf(name), before) : 'does not answer' };
    }),
  );
}
