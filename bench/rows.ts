import { join } from 'node:path';
import { freePort } from '../test/support/free_port.ts';
import type { Goal } from './figures.ts';
import { startNginx } from './start_nginx.ts';
import { PORTKEY, portkeyHeaders, startPortkey } from './start_portkey.ts';
import { type StartedProcess, startProcess } from './start_process.ts';
import { chatRequest, DEPLOYED_ROWS, startDeployedRows, startInstance, WEIR_NAMES, weirRequest } from './weir_rows.ts';

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

/** What each stream is: so many chunks, so many a second. */
export interface Work {
  chunks: number;
  perSecond: number;
}

const BARE = 'Node, bare: undici dispatch to one framed socket write, TCP';
const BARE_FAKE = 'Node, bare: a timer to one framed socket write, Unix socket behind NGINX';
const FLOOR = 'NGINX, TCP, unbuffered, one worker (the floor)';

/**
 * NGINX only copies bytes; a relay that decodes, counts and encodes each event may cost this much more. The provider
 * `fake` reads nothing: its goal is 9 µs on a machine where NGINX takes 12.4.
 */
export const GOALS: readonly Goal[] = [
  { name: WEIR_NAMES.relay, of: 1.5 },
  { name: WEIR_NAMES.chat, of: 1.5 },
  { name: WEIR_NAMES.fake, of: 0.73 },
  { name: WEIR_NAMES.resumable, of: 1.9 },
  { name: WEIR_NAMES.translated, of: 1.8 },
  { name: WEIR_NAMES.translatedBack, of: 1.8 },
];

/** Rows whose added waits have goals. */
export const DELAY_GOALS = ['Weir as deployed', 'Weir as deployed, `/v1/chat/completions`'];

/** What was started, and what ends all of it. */
export interface Started {
  keep: <T extends StartedProcess>(process: T) => T;
  stop: () => Promise<void>;
}

export function startedProcesses(): Started {
  const started: StartedProcess[] = [];
  return {
    keep: (process) => {
      started.push(process);
      return process;
    },
    stop: async () => {
      for (const process of started.splice(0).reverse()) await process.stop();
    },
  };
}

/** The provider of all rows. @returns its URL */
export async function startMock({ keep }: Started): Promise<string> {
  const port = await freePort();
  keep(await startProcess(process.execPath, ['test/support/mock_openai.ts', '--port', `${port}`], { port }));
  return `http://127.0.0.1:${port}`;
}

/** Starts everything; each row is measured alone, the others idle meanwhile. `stop` ends all of it. */
export async function startRows(
  directory: string,
  work: Work,
): Promise<{ rows: Row[]; mockUrl: string; stop: () => Promise<void> }> {
  const started = startedProcesses();
  const { keep, stop } = started;
  try {
    const mockUrl = await startMock(started);
    const mock = new URL(mockUrl);
    const floorPort = await freePort();
    const floor = keep(await startNginx(directory, floorPort, mock.host));
    const barePort = await freePort();
    const bareArgs = ['bench/bare_relay.ts', '--port', `${barePort}`, '--upstream', mockUrl];
    const bare = keep(await startProcess(process.execPath, bareArgs, { port: barePort }));
    const portkeyPort = await freePort();
    const portkey = keep(await startPortkey(directory, portkeyPort));
    const version = { root: process.cwd(), node: process.execPath };
    const weirPort = await freePort();
    const weir = keep(await startInstance(version, { port: weirPort }, mockUrl));
    const [relay, chatRow, fake, ...others] = await startDeployedRows(
      directory,
      version,
      mockUrl,
      work,
      DEPLOYED_ROWS,
      keep,
    );
    const bareSocket = join(directory, 'bare.sock');
    const bareFakeArgs = ['bench/bare_fake.ts', '--path', bareSocket];
    const bareFake = keep(await startProcess(process.execPath, bareFakeArgs, { path: bareSocket }));
    const bareFakePort = await freePort();
    keep(await startNginx(directory, bareFakePort, `unix:${bareSocket}`));

    const chat = chatRequest(work);
    const rows: Row[] = [
      { key: 'direct', name: 'no relay: the mock itself', port: Number(mock.port), ...chat, figures: [] },
      { key: 'floor', name: FLOOR, port: floorPort, ...chat, figures: [{ name: FLOOR, pids: floor.pids }] },
      { key: 'bare', name: BARE, port: barePort, ...chat, figures: [{ name: BARE, pids: [bare.pid] }] },
      {
        key: 'portkey',
        name: PORTKEY,
        port: portkeyPort,
        ...chat,
        headers: portkeyHeaders(`${mockUrl}/v1`),
        figures: [{ name: PORTKEY, pids: [portkey.pid] }],
      },
      {
        key: 'weir',
        name: 'Weir, relay over TCP',
        port: weirPort,
        ...weirRequest(work, 'openai'),
        figures: [{ name: 'Weir, relay over TCP', pids: [weir.pid] }],
      },
      relay!,
      chatRow!,
      {
        key: 'bareFake',
        name: BARE_FAKE,
        port: bareFakePort,
        ...weirRequest(work, 'fake'),
        figures: [{ name: BARE_FAKE, pids: [bareFake.pid] }],
      },
      fake!,
      ...others,
    ];
    return { rows, mockUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
