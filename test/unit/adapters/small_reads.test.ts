import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { Agent, type Dispatcher } from 'undici';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nextRandom } from '../../../src/adapters/providers/fake_text.ts';
import { allowSmallReads, passWholeChunks, smallReads } from '../../../src/adapters/providers/small_reads.ts';
import { issueAuthority, issueLeaf } from '../../../src/stack/certificates/issue_certificates.ts';

const STREAMS = 12;
const SIZE = 150_000;

beforeAll(() => allowSmallReads(true));

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Each stream has bytes of its own, so that one that is given another's shows it. */
function answerOf(stream: number): Buffer {
  let state = stream + 1;
  return Buffer.from(
    Uint8Array.from({ length: SIZE }, () => {
      state = nextRandom(state);
      return state & 0xff;
    }),
  );
}

/** Sends the answer that the path names, in pieces of all sizes. */
const listener: RequestListener = async (request, response) => {
  const stream = Number(request.url?.slice(1));
  const bytes = answerOf(stream);
  // Without chunks a read has nothing after the bytes of the body: a pause then leaves nothing behind.
  if (stream % 2 === 0) response.setHeader('content-length', bytes.length);
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 13) % 9_000) {
    response.write(bytes.subarray(at, at + size));
    if (size % 3 === 0) await sleep(0);
  }
  response.end();
};

/** Keeps what it is given, and pauses now and then, as a full reader does. */
class Taker implements Dispatcher.DispatchHandler {
  readonly ended = Promise.withResolvers<Buffer>();
  readonly reads: Buffer[] = [];
  /** Pieces that came past undici's parser. */
  passed = 0;
  pauses = 0;
  readonly #passes: boolean;

  constructor(passes = false) {
    this.#passes = passes;
  }

  onRequestStart(): void {}

  onResponseStart(controller: Dispatcher.DispatchController, _: number, headers: Record<string, unknown>): void {
    const past = (_: Dispatcher.DispatchController, bytes: Buffer) => {
      this.passed += 1;
      this.onResponseData(controller, bytes);
    };
    if (this.#passes) passWholeChunks(controller, headers, { onResponseData: past } as Dispatcher.DispatchHandler);
    this.#pause(controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    this.reads.push(this.#passes ? Buffer.from(bytes) : bytes);
    if (this.reads.length % 2 === 0) this.#pause(controller);
  }

  onResponseEnd(): void {
    this.ended.resolve(Buffer.concat(this.reads));
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.ended.reject(error);
  }

  #pause(controller: Dispatcher.DispatchController): void {
    this.pauses += 1;
    controller.pause();
    setTimeout(() => controller.resume(), this.pauses % 4);
  }
}

async function takeAll(origin: string, passes = false): Promise<Taker[]> {
  const agent = new Agent({ allowH2: false, pipelining: 1, connections: STREAMS / 2, connect: smallReads(5_000) });
  closing.push(() => agent.close());
  const takers = Array.from({ length: STREAMS }, (_, at) => {
    const taker = new Taker(passes);
    agent.dispatch({ origin, path: `/${at}`, method: 'GET' }, taker);
    return taker;
  });
  for (const [at, taker] of takers.entries()) {
    expect((await taker.ended.promise).equals(answerOf(at))).toBe(true);
    expect(taker.pauses).toBeGreaterThan(1);
  }
  return takers;
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => server.close());
  return (server.address() as AddressInfo).port;
}

describe('small reads', () => {
  it('give each stream its own bytes, over connections that serve again', async () => {
    await takeAll(`http://127.0.0.1:${await listen(createServer(listener))}`);
  });

  it('let whole chunks pass undici’s parser, and nothing else', async () => {
    const takers = await takeAll(`http://127.0.0.1:${await listen(createServer(listener))}`, true);
    const count = (rest: number) => takers.reduce((sum, { passed }, at) => (at % 2 === rest ? sum + passed : sum), 0);
    expect(count(1)).toBeGreaterThan(STREAMS);
    // Those have a length, and no chunks.
    expect(count(0)).toBe(0);
  });

  it('share their memory', async () => {
    const tokens = createServer(async (_, response) => {
      for (let token = 0; token < 100; token += 1) {
        response.write('a token');
        await sleep(1);
      }
      response.end();
    });
    const agent = new Agent({ connect: smallReads(5_000) });
    closing.push(() => agent.close());
    const taker = new Taker();
    agent.dispatch({ origin: `http://127.0.0.1:${await listen(tokens)}`, path: '/', method: 'GET' }, taker);
    await taker.ended.promise;
    expect(taker.reads.length).toBeGreaterThan(20);
    expect(new Set(taker.reads.map(({ buffer }) => buffer)).size).toBeLessThan(10);
  });

  it('do so over TLS', async () => {
    const authority = await issueAuthority();
    const known = tls.getCACertificates('default');
    tls.setDefaultCACertificates([...known, authority.certificate]);
    closing.push(async () => tls.setDefaultCACertificates(known));
    const leaf = await issueLeaf(authority);
    const port = await listen(createTlsServer({ key: leaf.key, cert: leaf.certificate }, listener));
    await takeAll(`https://localhost:${port}`);
  });

  it('report a connection that is cut', async () => {
    const cutting = createServer((_, response) => {
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    const agent = new Agent({ connect: smallReads(5_000) });
    closing.push(() => agent.close());
    const taker = new Taker();
    agent.dispatch({ origin: `http://127.0.0.1:${await listen(cutting)}`, path: '/', method: 'GET' }, taker);
    await expect(taker.ended.promise).rejects.toThrow(/other side closed|terminated|ECONNRESET/);
  });
});
