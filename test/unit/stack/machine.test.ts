import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { hardFileLimit, limitFor } from '../../../src/stack/machine/file_limit.ts';
import { installPackages } from '../../../src/stack/machine/install_packages.ts';
import { listeningInodes, portOwner, portProblem } from '../../../src/stack/machine/port_problem.ts';
import { findCommand } from '../../../src/stack/machine/run_command.ts';
import { chooseWorkerAccount } from '../../../src/stack/machine/worker_account.ts';

let server: Server | undefined;
afterEach(() => server?.close());

async function listen(): Promise<number> {
  server = createServer();
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('a port that is taken', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000 100 0 0 10 0',
    '   1: 0100007F:01BB 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000 20 4 30 10 -1',
    '   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000 100 0 0 10 0',
  ].join('\n');

  it('is found among the sockets that listen', () => {
    expect(listeningInodes(table, 443)).toEqual(['4711']);
    expect(listeningInodes(table, 80)).toEqual(['4713']);
    expect(listeningInodes(table, 8080)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('is traced to its process', async () => {
    expect(portOwner(await listen())?.pid).toBe(process.pid);
  });

  it('is named in one sentence with the option that fixes it', async () => {
    const port = await listen();
    const problem = await portProblem([{ port, host: '127.0.0.1', flag: '--https-port' }]);
    expect(problem?.message).toContain(`port ${port} is taken by `);
    expect(problem?.message).toContain(`--https-port ${port + 1}`);
    expect(problem?.message).toContain(`(pid ${process.pid})`);
  });

  it('is named together with the others', async () => {
    const port = await listen();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const second = (other.address() as AddressInfo).port;
    const problem = await portProblem([
      { port, host: '127.0.0.1', flag: '--https-port' },
      { port: second, host: '127.0.0.1', flag: '--http-port' },
    ]);
    other.close();
    expect(problem?.message).toMatch(new RegExp(`port ${port} is taken by .*, port ${second} is taken by `));
    expect(problem?.fix).toBe(`stop that process, or choose with --https-port ${port + 1} --http-port ${second + 1}`);
  });

  it('is no problem once it is free', async () => {
    const port = await listen();
    await new Promise((resolve) => server!.close(resolve));
    expect(await portProblem([{ port, host: '127.0.0.1', flag: '--https-port' }])).toBeUndefined();
  });
});

describe('the file limit', () => {
  it('is read from the text of the system', () => {
    const limits =
      'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n';
    expect(hardFileLimit(limits)).toBe(524_288);
    expect(hardFileLimit('Max open files            unlimited            unlimited            files')).toBe(Infinity);
    expect(hardFileLimit('')).toBeUndefined();
  });

  it('gives each stream its two connections, as far as the machine goes', () => {
    expect(limitFor(10_000, 1_000_000)).toEqual({ files: 20_512, workerConnections: 20_000, streams: 10_000 });
    expect(limitFor(10_000, 4096)).toEqual({ files: 4096, workerConnections: 3584, streams: 1792 });
  });
});

describe("the account of NGINX's workers", () => {
  const group = 'root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n';

  it('is www-data where there is one, else nobody, else none', () => {
    const account = 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n';
    expect(chooseWorkerAccount(`${account}www-data:x:33:33::/:/bin/false\n`, group)).toEqual({
      name: 'www-data',
      group: 'www-data',
      gid: 33,
    });
    expect(chooseWorkerAccount(account, group)).toEqual({ name: 'nobody', group: 'nogroup', gid: 65_534 });
    expect(chooseWorkerAccount('root:x:0:0::/root:/bin/sh\n', group)).toBeUndefined();
  });
});

describe('programs', () => {
  it('are looked for where the search path says', () => {
    expect(findCommand('sh', '/nonexistent:/bin')).toBe('/bin/sh');
    expect(findCommand('sh', '/nonexistent')).toBeUndefined();
    expect(findCommand('tmp', '/')).toBeUndefined();
  });

  it('are named with the command that installs them where nothing can be installed', async () => {
    const install = installPackages(['nginx', 'redis-server'], { searchPath: '/nonexistent', uid: 0 }, () => undefined);
    await expect(install).rejects.toThrow(
      'nginx and redis-server are missing; install them (for example: sudo apt-get install nginx redis-server), then run this again.',
    );
  });
});
