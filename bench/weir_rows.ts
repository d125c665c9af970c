import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from '../test/support/free_port.ts';
import type { Row, Work } from './rows.ts';
import { startNginx } from './start_nginx.ts';
import { type Address, type StartedProcess, startProcess } from './start_process.ts';
import { startRedis } from './start_redis.ts';

/** A version of Weir: the folder that has its `src` and `node_modules`, and the Node.js that runs it. */
export interface Version {
  root: string;
  node: string;
}

export const WEIR_NAMES = {
  relay: 'Weir as deployed (Unix socket behind NGINX): the instance',
  chat: 'Weir as deployed, `/v1/chat/completions`: the instance',
  fake: 'Weir as deployed, provider `fake`: the instance',
  resumable: 'Weir as deployed, `resumable: true`: the instance',
  translated: 'Weir as deployed, a client of chat completions and an upstream of messages: the instance',
  translatedBack: 'Weir as deployed, a client of messages and an upstream of chat completions: the instance',
};

/** Rows that go through NGINX to one instance of a version. */
export const DEPLOYED_ROWS = ['relay', 'chat', 'fake', 'resumable', 'translated', 'translatedBack'] as const;

/** A request of OpenAI's API, for any server that speaks it. */
export function chatRequest({ chunks, perSecond }: Work): Pick<Row, 'path' | 'body'> {
  const model = `mock-${chunks}x${perSecond}`;
  return {
    path: '/v1/chat/completions',
    body: { model, stream: true, messages: [{ role: 'user', content: 'hi' }] },
  };
}

/** A request of Anthropic's API. @param model as Weir calls it */
function messagesRequest(model: string): Pick<Row, 'path' | 'body'> {
  return {
    path: '/v1/messages',
    body: { model, stream: true, max_tokens: 1000, messages: [{ role: 'user', content: 'hi' }] },
  };
}

/** A request of Weir's own API; with `fake`, one that needs no provider. */
export function weirRequest({ chunks, perSecond }: Work, provider: 'openai' | 'fake'): Pick<Row, 'path' | 'body'> {
  const path = '/api/v1/stream';
  if (provider === 'openai') return { path, body: { model: `mock-${chunks}x${perSecond}`, provider, query: 'hi' } };
  const fake = { tokens_per_second: perSecond, ttft_ms: 20, text: 'word '.repeat(chunks) };
  return { path, body: { model: 'demo', provider, query: 'hi', fake } };
}

/**
 * Starts what the rows need, each behind an NGINX of its own.
 * @param directory for sockets and configurations; each version wants its own
 * @param keep is given each process as soon as it runs
 */
export async function startDeployedRows(
  directory: string,
  version: Version,
  mockUrl: string,
  work: Work,
  wanted: readonly string[],
  keep: <T extends StartedProcess>(process: T) => T,
): Promise<Row[]> {
  const rows: Row[] = [];
  if (wanted.some((key) => key !== 'resumable')) {
    const path = join(directory, 'app.sock');
    const instance = keep(await startInstance(version, { path }, mockUrl));
    const port = await freePort();
    const front = keep(await startNginx(directory, port, `unix:${path}`));
    rows.push(
      {
        key: 'relay',
        name: 'Weir as deployed',
        port,
        ...weirRequest(work, 'openai'),
        figures: [
          { name: WEIR_NAMES.relay, pids: [instance.pid] },
          { name: 'Weir as deployed: instance and NGINX together', pids: [instance.pid, ...front.pids] },
        ],
      },
      {
        key: 'chat',
        name: 'Weir as deployed, `/v1/chat/completions`',
        port,
        ...chatRequest(work),
        figures: [{ name: WEIR_NAMES.chat, pids: [instance.pid] }],
      },
      {
        key: 'fake',
        name: WEIR_NAMES.fake,
        port,
        ...weirRequest(work, 'fake'),
        figures: [{ name: WEIR_NAMES.fake, pids: [instance.pid] }],
      },
      {
        key: 'translated',
        name: WEIR_NAMES.translated,
        port,
        path: chatRequest(work).path,
        body: { ...chatRequest(work).body, model: `anthropic/${chatRequest(work).body.model}` },
        figures: [{ name: WEIR_NAMES.translated, pids: [instance.pid] }],
      },
      {
        key: 'translatedBack',
        name: WEIR_NAMES.translatedBack,
        port,
        ...messagesRequest(`openai/${chatRequest(work).body.model}`),
        figures: [{ name: WEIR_NAMES.translatedBack, pids: [instance.pid] }],
      },
    );
  }
  if (wanted.includes('resumable')) {
    const redis = keep(await startRedis(directory));
    const path = join(directory, 'durable.sock');
    const instance = keep(await startInstance(version, { path }, mockUrl, { REDIS_URL: redis.url }));
    const port = await freePort();
    keep(await startNginx(directory, port, `unix:${path}`));
    const { path: route, body } = weirRequest(work, 'openai');
    rows.push({
      key: 'resumable',
      name: WEIR_NAMES.resumable,
      port,
      path: route,
      body: { ...body, resumable: true },
      figures: [
        { name: WEIR_NAMES.resumable, pids: [instance.pid] },
        { name: 'Weir as deployed, `resumable: true`: Redis', pids: [redis.pid] },
      ],
    });
  }
  return rows.filter(({ key }) => wanted.includes(key));
}

/** One instance, with limits that no measurement reaches. It is started as its own version has it. */
export async function startInstance(
  { root, node }: Version,
  address: Address,
  mockUrl: string,
  more: Record<string, string> = {},
): Promise<StartedProcess> {
  const command = pathToFileURL(join(root, 'src/stack/instance_command.ts')).href;
  const { instanceArgs } = (await import(command)) as typeof import('../src/stack/instance_command.ts');
  const environment = {
    INSTANCE_ID: 'app-1',
    ...('port' in address ? { PORT: `${address.port}` } : { SOCKET: address.path }),
    DEFAULT_PROVIDER: 'openai',
    OPENAI_BASE_URL: `${mockUrl}/v1`,
    OPENAI_API_KEY: 'bench',
    ANTHROPIC_BASE_URL: mockUrl,
    ANTHROPIC_API_KEY: 'bench',
    MAX_CONNECTIONS: '100000',
    MAX_CONNECTIONS_PER_USER: '100000',
    DRAIN_SECONDS: '0',
    ...more,
  };
  return startProcess(node, instanceArgs(root), address, environment, root);
}
