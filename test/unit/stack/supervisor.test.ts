import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backOff, lastWords, ManagedProcess } from '../../../src/stack/supervisor/managed_process.ts';
import { askConfig, reloadResult } from '../../../src/stack/supervisor/reload_instances.ts';
import type { ServiceSpec } from '../../../src/stack/supervisor/service_spec.ts';
import { boundLogs } from '../../../src/stack/supervisor/supervisor_log.ts';

let folder: string;
let service: ManagedProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'weir-sup-'));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(async () => {
  await service?.stop(true);
  rmSync(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

/** A service that is a line of JavaScript; `socket` is where it should listen. */
function spec(script: string): ServiceSpec {
  const socket = path.join(folder, 's.sock');
  return {
    name: 'app-1',
    kind: 'instance',
    command: process.execPath,
    args: ['-e', script, socket],
    cwd: folder,
    env: {},
    logFile: path.join(folder, 'app-1.log'),
    address: `unix:${socket}`,
    sockets: [socket],
    health: { kind: 'http', socket, path: '/' },
    readyWithinMs: 10_000,
    stopWithinMs: 10_000,
  };
}
const SERVER = `require('node:http').createServer((q, r) => r.end('ok')).listen(process.argv[1])`;

function manage(script: string, onReturn: () => void = () => undefined): ManagedProcess {
  service = new ManagedProcess(spec(script), process.env, { onChange: () => undefined, onReturn });
  return service;
}

describe('a managed process', () => {
  it('runs when it answers, and stops when asked', async () => {
    const managed = manage(SERVER);
    await managed.start();
    expect(managed.state).toBe('running');
    await managed.stop();
    expect([managed.state, managed.pid]).toEqual(['stopped', undefined]);
  });

  it('is started again when it dies', async () => {
    const returned = Promise.withResolvers<void>();
    const managed = manage(SERVER, returned.resolve);
    await managed.start();
    const pid = managed.pid;
    managed.signal('SIGKILL');
    await returned.promise;
    expect(managed.state).toBe('running');
    expect(managed.pid).not.toBe(pid);
  });

  it('is not started again when it was stopped while it waited for its next start', async () => {
    const managed = manage(SERVER);
    await managed.start();
    managed.signal('SIGKILL');
    await vi.waitFor(() => expect(managed.state).toBe('waiting'));
    await managed.stop();
    expect([managed.state, managed.pid]).toEqual(['stopped', undefined]);
  });

  it('says that it did not start also where its log has no end', async () => {
    symlinkSync('/dev/full', path.join(folder, 'app-1.log'));
    const managed = manage('process.exit(1)');
    await expect(managed.start()).rejects.toThrow('app-1 did not start');
    expect(managed.state).toBe('stopped');
  });

  it('says why it did not start', async () => {
    const managed = manage('throw new Error("no such thing as luck")');
    await expect(managed.start()).rejects.toThrow('app-1 did not start (Error: no such thing as luck)');
    expect(managed.state).toBe('stopped');
  });

  it('is killed when it does not listen to reason', async () => {
    const managed = manage(`process.on('SIGTERM', () => {}); ${SERVER}`);
    await managed.start();
    await managed.stop(true);
    expect(managed.pid).toBeUndefined();
  });
});

describe('the wait before the next start', () => {
  const waits = (deaths: number, startMs: number, servedMs: number) => {
    const all = [200];
    while (all.length < deaths) all.push(backOff(200, all.at(-1) as number, startMs, servedMs));
    return all;
  };

  it('is the shortest for what served a while, however often it died', () => {
    expect(waits(7, 500, 2000)).toEqual([200, 200, 200, 200, 200, 200, 200]);
    expect(backOff(200, 5000, 500, 1000)).toBe(200);
    expect(backOff(1500, 5000, 500, 60_000)).toBe(1500);
  });

  it('grows for what did not stay', () => {
    expect(waits(7, 0, 0)).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(waits(3, 500, 900)).toEqual([200, 400, 800]);
    expect(backOff(200, 0, 500, 10)).toBe(200);
  });

  it('grows for what served a while and starts slowly only until starts take half of the time', () => {
    expect(waits(6, 3000, 2000)).toEqual([200, 400, 800, 1000, 1000, 1000]);
    expect(waits(7, 20_000, 1000)).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
  });
});

describe('lastWords', () => {
  it.each([
    ['file:1\n  x\nSyntaxError: bad thing\n    at here\n\nNode.js v24.0.0\n', 'SyntaxError: bad thing'],
    ['{"event":"Starting"}\n{"level":"error","event":"Cannot listen on 1"}\n', 'Cannot listen on 1'],
    ['nginx: [emerg] bind() failed\nnginx: configuration test failed\n', 'nginx: [emerg] bind() failed'],
    ['just this\n', 'just this'],
    ['', 'no output'],
  ])('of %j', (output, words) => {
    expect(lastWords(output)).toBe(words);
  });
});

describe('boundLogs', () => {
  it('keeps one older generation and empties the file that is being written', () => {
    const file = path.join(folder, 'a.log');
    writeFileSync(file, 'x'.repeat(100));
    writeFileSync(path.join(folder, 'b.log'), 'short');
    boundLogs(folder, 50);
    expect(readFileSync(file, 'utf8')).toBe('');
    expect(readFileSync(`${file}.1`, 'utf8')).toHaveLength(100);
    expect(readFileSync(path.join(folder, 'b.log'), 'utf8')).toBe('short');
  });
});

describe('a reload', () => {
  it('is read from an instance of any version', async () => {
    const answering = (body: unknown) => async () => ({ body: JSON.stringify(body) });
    const newer = answering({ state: 'healthy', config: { reloads: 2, refused: true, more: 1 } });
    expect(await reloadResult(newer, { reloads: 1, refused: false })).toBe('refused');
    for (const body of [{}, null, { config: { reloads: '2', refused: true } }, { config: { reloads: 2 } }]) {
      expect(await askConfig(answering(body))).toBeUndefined();
    }
  });
});
