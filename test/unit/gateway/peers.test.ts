import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { peerAddress } from '../../../src/gateway/cluster/peer_address.ts';
import { peerClient } from '../../../src/gateway/cluster/peer_client.ts';
import { type PeerServices, peerListener } from '../../../src/gateway/cluster/peer_listener.ts';
import { peerSecret } from '../../../src/gateway/cluster/peer_secret.ts';
import { keepSecret } from '../../../src/stack/compose/private_files.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

const at = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const LOCAL = { host: '127.0.0.1', port: 0 };

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await once(server.listen(LOCAL), 'listening');
  return at(server);
}

/** The listener of the incarnation `mine`, which has the stream `here`. */
async function listen(secret: string): Promise<string> {
  const services: PeerServices = {
    incarnation: () => 'mine',
    isMine: (incarnation) => incarnation === 'mine',
    read(threadId, _, response) {
      if (threadId !== 'here') return false;
      response.end('frames');
      return true;
    },
    cancel: (threadId) => threadId === 'here',
    usage: () => Promise.reject(new Error('no Redis')),
    usageOfUsers: () => Promise.reject(new Error('no Redis')),
  };
  const server = await peerListener(services, secret, LOCAL);
  servers.push(server);
  return at(server);
}

const WISH = { withIds: false };

async function textOf(frames: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const bytes of frames) text += Buffer.from(bytes).toString();
  return text;
}

describe('what a peer answers', () => {
  it('is its own with the secret, and with no other', async () => {
    const address = await listen('a secret');
    const read = await peerClient('a secret').read(address, 'mine', 'here', undefined, WISH);
    if (typeof read === 'string' || read.kind !== 'frames') throw new Error(`it is ${JSON.stringify(read)}`);
    expect(await textOf(read.frames)).toBe('frames');
    expect(await peerClient('a secret').cancel(address, 'mine', 'here')).toBe('cancelled');
    expect(await peerClient('a secret').read(address, 'mine', 'elsewhere', undefined, WISH)).toBe('unknown');
    for (const secret of ['', 'a secre', 'a secret '.repeat(2)]) {
      expect(await peerClient(secret).cancel(address, 'mine', 'here'), secret).toBe('silent');
      expect(await peerClient(secret).read(address, 'another incarnation', 'here', undefined, WISH), secret).toBe(
        'silent',
      );
    }
  });

  it('proves a death where it answers for another incarnation, or refuses the connection', async () => {
    const address = await listen('');
    expect(await peerClient('').read(address, 'an older incarnation', 'here', undefined, WISH)).toBe('gone');
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    expect(await peerClient('').read(address, 'mine', 'here', undefined, WISH)).toBe('gone');
  });

  it('proves nothing where there is no address, or it leads nowhere from here', async () => {
    const elsewhere = peerAddress({
      HOST: '127.0.0.1',
      PEER_PORT: 1,
      PEER_SOCKET: undefined,
      PEER_ADVERTISE: undefined,
    });
    for (const address of [undefined, '', 'another machine|/run/app-1.peer.sock', `another ${elsewhere}`]) {
      expect(await peerClient('').read(address, 'mine', 'here', undefined, WISH), address).toBe('silent');
      expect(await peerClient('').cancel(address, 'mine', 'here'), address).toBe('silent');
    }
    expect(await peerClient('').read(elsewhere, 'mine', 'here', undefined, WISH)).toBe('gone');
  });

  it.each([200, 204, 404, 410])('is no answer where another server has got the address (%i)', async (status) => {
    const address = await serve((_, response) => void response.writeHead(status).end());
    expect(await peerClient('').read(address, 'mine', 'here', undefined, WISH)).toBe('silent');
  });

  it('ends with an error when the peer says nothing after its head', async () => {
    const address = await serve((_, response) => void response.setHeader('x-weir-boot', 'mine').write('one frame'));
    const read = await peerClient('', 100).read(address, 'mine', 'here', undefined, WISH);
    if (typeof read === 'string' || read.kind !== 'frames') throw new Error(`it is ${JSON.stringify(read)}`);
    await expect(textOf(read.frames)).rejects.toThrow('the peer is silent');
  });
});

describe('the address that the others are given', () => {
  const given = { HOST: '10.0.0.7', PEER_SOCKET: undefined, PEER_PORT: 8001, PEER_ADVERTISE: undefined };

  it('is the host that it listens on, or what is advertised', () => {
    expect(peerAddress(given)).toBe('http://10.0.0.7:8001');
    expect(peerAddress({ ...given, PEER_ADVERTISE: 'pod-3.weir' })).toBe('http://pod-3.weir:8001');
    expect(peerAddress({ ...given, PEER_ADVERTISE: '2001:db8::7' })).toBe('http://[2001:db8::7]:8001');
    expect(peerAddress({ ...given, PEER_PORT: undefined })).toBe('');
  });

  it('is one of the machine’s own where it listens on all, and no loopback if there is another', () => {
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const outside = own.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address);
    for (const HOST of ['0.0.0.0', '::']) {
      const { hostname } = new URL(peerAddress({ ...given, HOST }));
      if (outside.length > 0) expect(outside).toContain(hostname);
      else expect(isIP(hostname) === 4 && hostname.startsWith('127.')).toBe(false);
    }
  });

  it('is for this machine alone where it is a socket or loopback', () => {
    expect(peerAddress({ ...given, HOST: '127.0.0.1' })).toMatch(/\|http:\/\/127\.0\.0\.1:8001$/);
    expect(peerAddress({ ...given, PEER_SOCKET: '/run/app-1.sock' })).toMatch(/.\|\/run\/app-1\.sock$/);
  });
});

it('a secret in a file is read without its line end, may come late, and has to be there', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'secret');
  const read = (withinMs?: number) => peerSecret({ PEER_SECRET: '', PEER_SECRET_FILE: file }, withinMs);
  await expect(read(0)).rejects.toThrow(/PEER_SECRET_FILE: .*ENOENT.*; put the secret there, or set PEER_SECRET/);
  writeFileSync(file, '\n');
  await expect(read(0)).rejects.toThrow(/is empty/);
  const late = read();
  keepSecret(file);
  expect(existsSync(file)).toBe(true);
  rmSync(file);
  keepSecret(file);
  const made = await late;
  expect(made).toMatch(/^[\w-]{32}$/);
  // The next start of its container changes nothing.
  keepSecret(file);
  expect(await read()).toBe(made);
  expect(await peerSecret({ PEER_SECRET: 'set', PEER_SECRET_FILE: file })).toBe('set');
});
