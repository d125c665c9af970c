import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { passWholeChunks, smallReads } from './small_reads.ts';
import { Agent } from './undici_parts.ts';

// An import would read all of its exports, one of which loads Node's own fetch: 0.1 s of CPU at each start.
const { createServer } = process.getBuiltinModule('node:http');

const CHUNKS = 24;
/** So many are received between two pauses. */
const PAUSE_EACH = 8;

/** Each chunk is another one, and one is longer than a read. */
function chunkOf(at: number): string {
  return `${at} `.repeat(at === 12 ? 40_000 : 40);
}

/**
 * Has undici read two answers of a real server over one connection, with pauses: one of chunks, which mostly pass its
 * parser by, and one with a length.
 * @throws Error where bytes are lost, or none pass by
 */
export async function trySmallReads(timeoutMs: number): Promise<void> {
  const text = Array.from({ length: CHUNKS }, (_, at) => chunkOf(at)).join('');
  let connections = 0;
  const server = createServer(async (request, response) => {
    if (request.url === '/whole') {
      response.end(text);
      return;
    }
    for (let at = 0; at < CHUNKS; at++) {
      response.write(chunkOf(at));
      await setImmediate();
    }
    response.end();
  }).on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new Agent({ allowH2: false, connect: smallReads(timeoutMs), connections: 1, pipelining: 1 });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    for (const path of ['/chunks', '/whole']) {
      const trial = new Trial();
      agent.dispatch({ origin, path, method: 'GET' }, trial);
      if ((await trial.text) !== text) throw new Error('not all that was sent arrived');
      if (path === '/chunks' && trial.passed === 0) throw new Error("no chunk passes undici's parser by");
    }
    if (connections !== 1) throw new Error('a connection does not serve again');
  } finally {
    await agent.destroy();
    server.closeAllConnections();
    server.close();
  }
}

class Trial implements Dispatcher.DispatchHandler {
  readonly #ended = Promise.withResolvers<string>();
  readonly text = this.#ended.promise;
  /** Pieces that did not come from undici's parser. */
  passed = 0;
  readonly #pieces: Buffer[] = [];

  onRequestStart(): void {}

  onResponseStart(controller: Dispatcher.DispatchController, _: number, headers: Record<string, unknown>): void {
    passWholeChunks(controller, headers, {
      onResponseData: (_, bytes) => {
        this.passed += 1;
        this.onResponseData(controller, bytes);
      },
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    this.#pieces.push(Buffer.from(bytes));
    if (this.#pieces.length % PAUSE_EACH !== 0) return;
    controller.pause();
    setTimeout(() => controller.resume(), 1);
  }

  onResponseEnd(): void {
    this.#ended.resolve(Buffer.concat(this.#pieces).toString());
  }

  onResponseError(_: unknown, error: Error): void {
    this.#ended.reject(error);
  }
}
