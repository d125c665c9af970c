import { join } from 'node:path';
import { instanceArgs } from '../src/stack/instance_command.ts';
import type { Goal } from './figures.ts';
import { startNginx } from './start_nginx.ts';
import { PORTKEY, portkeyHeaders, startPortkey } from './start_portkey.ts';
import { type StartedProcess, startProcess } from './start_process.ts';
import { startRedis } from './start_redis.ts';

/** One way from client to provider, and the processes on it whose CPU is counted. */
export interface Row {
  key: string;
  name: string;
  port: number;
  path: string;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
  /** Figures that this row gives: each the CPU of some of its processes. */
  figures: { name: string; pids: number[] }[];
}

export interface Work {
  chunks: number;
  perSecond: number;
}

const PORTS = {
  mock: 9210,
  floor: 9211,
  bare: 9212,
  weir: 9213,
  deployed: 9214,
  resumable: 9215,
  portkey: 9216,
  bareFake: 9217,
};

const NAMES = {
  deployed: 'Weir as deployed (Unix socket behind NGINX): the instance',
  chat: 'Weir as deployed, `/v1/chat/completions`: the instance',
  fake: 'Weir as deployed, provider `fake`: the instance',
  resumable: 'Weir as deployed, `resumable: true`: the instance',
};

const BARE_FAKE = 'Node, bare: a timer to one framed socket write, Unix socket behind NGINX';

/**
 * NGINX only copies bytes; a relay that decodes, counts and encodes each event may cost this much more. The provider
 * `fake` reads nothing: its goal is 9 µs on a machine where NGINX takes 12.4.
 */
export const GOALS: readonly Goal[] = [
  { name: NAMES.deployed, of: 1.5 },
  { name: NAMES.chat, of: 1.5 },
  { name: NAMES.fake, of: 0.73 },
  { name: NAMES.resumable, of: 1.9 },
];

/** Rows whose added waits have goals. */
export const DELAY_GOALS = ['Weir as deployed', 'Weir as deployed, `/v1/chat/completions`'];

/** Starts everything; each row is measured alone, the others idle meanwhile. `stop` ends all of it. */
export async function startRows(
  directory: string,
  work: Work,
): Promise<{ rows: Row[]; mockUrl: string; stop: () => Promise<void> }> {
  const started: StartedProcess[] = [];
  const stop = async () => {
    for (const process of started.reverse()) await process.stop();
  };
  const keep = <T extends StartedProcess>(process: T): T => {
    started.push(process);
    return process;
  };
  try {
    const mockUrl = `http://127.0.0.1:${PORTS.mock}`;
    keep(
      await startProcess(process.execPath, ['test/support/mock_openai.ts', '--port', `${PORTS.mock}`], {
        port: PORTS.mock,
      }),
    );
    const floor = keep(await startNginx(directory, PORTS.floor, `127.0.0.1:${PORTS.mock}`));
    const bareArgs = ['bench/bare_relay.ts', '--port', `${PORTS.bare}`, '--upstream', mockUrl];
    const bare = keep(await startProcess(process.execPath, bareArgs, { port: PORTS.bare }));
    const portkey = keep(await startPortkey(directory, PORTS.portkey));
    const weir = keep(await startInstance({ port: PORTS.weir }, mockUrl));
    const socket = join(directory, 'app.sock');
    const behind = keep(await startInstance({ path: socket }, mockUrl));
    const front = keep(await startNginx(directory, PORTS.deployed, `unix:${socket}`));
    const bareSocket = join(directory, 'bare.sock');
    const bareFake = keep(
      await startProcess(process.execPath, ['bench/bare_fake.ts', '--path', bareSocket], { path: bareSocket }),
    );
    keep(await startNginx(directory, PORTS.bareFake, `unix:${bareSocket}`));

    const redis = keep(await startRedis(directory));
    const durableSocket = join(directory, 'durable.sock');
    const durable = keep(await startInstance({ path: durableSocket }, mockUrl, { REDIS_URL: redis.url }));
    keep(await startNginx(directory, PORTS.resumable, `unix:${durableSocket}`));

    const model = `mock-${work.chunks}x${work.perSecond}`;
    const chat = {
      path: '/v1/chat/completions',
      body: { model, stream: true, messages: [{ role: 'user', content: 'hi' }] },
    };
    const stream = { path: '/api/v1/stream', body: { model, provider: 'openai', query: 'hi' } };
    const knobs = { tokens_per_second: work.perSecond, ttft_ms: 20, text: 'word '.repeat(work.chunks) };
    const fake = { path: stream.path, body: { model: 'demo', provider: 'fake', query: 'hi', fake: knobs } };
    const rows: Row[] = [
      { key: 'direct', name: 'no relay: the mock itself', port: PORTS.mock, ...chat, figures: [] },
      {
        key: 'floor',
        name: 'NGINX, TCP, unbuffered, one worker (the floor)',
        port: PORTS.floor,
        ...chat,
        figures: [{ name: 'NGINX, TCP, unbuffered, one worker (the floor)', pids: floor.pids }],
      },
      {
        key: 'bare',
        name: 'Node, bare: undici dispatch to one framed socket write, TCP',
        port: PORTS.bare,
        ...chat,
        figures: [{ name: 'Node, bare: undici dispatch to one framed socket write, TCP', pids: [bare.pid] }],
      },
      {
        key: 'portkey',
        name: PORTKEY,
        port: PORTS.portkey,
        ...chat,
        headers: portkeyHeaders(`${mockUrl}/v1`),
        figures: [{ name: PORTKEY, pids: [portkey.pid] }],
      },
      {
        key: 'weir',
        name: 'Weir, relay over TCP',
        port: PORTS.weir,
        ...stream,
        figures: [{ name: 'Weir, relay over TCP', pids: [weir.pid] }],
      },
      {
        key: 'deployed',
        name: 'Weir as deployed',
        port: PORTS.deployed,
        ...stream,
        figures: [
          { name: NAMES.deployed, pids: [behind.pid] },
          { name: 'Weir as deployed: instance and NGINX together', pids: [behind.pid, ...front.pids] },
        ],
      },
      {
        key: 'chat',
        name: 'Weir as deployed, `/v1/chat/completions`',
        port: PORTS.deployed,
        ...chat,
        figures: [{ name: NAMES.chat, pids: [behind.pid] }],
      },
      {
        key: 'bareFake',
        name: BARE_FAKE,
        port: PORTS.bareFake,
        ...fake,
        figures: [{ name: BARE_FAKE, pids: [bareFake.pid] }],
      },
      {
        key: 'fake',
        name: NAMES.fake,
        port: PORTS.deployed,
        ...fake,
        figures: [{ name: NAMES.fake, pids: [behind.pid] }],
      },
      {
        key: 'resumable',
        name: NAMES.resumable,
        port: PORTS.resumable,
        path: stream.path,
        body: { ...stream.body, resumable: true },
        figures: [
          { name: NAMES.resumable, pids: [durable.pid] },
          { name: 'Weir as deployed, `resumable: true`: Redis', pids: [redis.pid] },
        ],
      },
    ];
    return { rows, mockUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startInstance(
  address: { port: number } | { path: string },
  mockUrl: string,
  more: Record<string, string> = {},
): Promise<StartedProcess> {
  return startProcess(process.execPath, instanceArgs('.'), address, {
    INSTANCE_ID: 'app-1',
    ...('port' in address ? { PORT: `${address.port}` } : { SOCKET: address.path }),
    DEFAULT_PROVIDER: 'openai',
    OPENAI_BASE_URL: `${mockUrl}/v1`,
    OPENAI_API_KEY: 'bench',
    MAX_CONNECTIONS: '100000',
    MAX_CONNECTIONS_PER_USER: '100000',
    DRAIN_SECONDS: '0',
    ...more,
  });
}
