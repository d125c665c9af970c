import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttp1 } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { attachStream, openStream } from 'weir-client';
import { encodeComplete, encodeStatus } from '../../../src/formats/weir/weir_encoder.ts';
import { type NodeTransport, type NodeTransportOptions, nodeTransport } from '../../../src/load/node/node_transport.ts';
import { reachApi } from '../../../src/load/node/reach_api.ts';
import { runLoad } from '../../../src/load/run_load.ts';
import { Summary } from '../../../src/load/summary.ts';
import { issueAuthority, issueLeaf } from '../../../src/stack/certificates/issue_certificates.ts';
import { loadPlan } from '../../support/load_plan.ts';
import { until } from '../../support/until.ts';

const STATUS = encodeStatus('1.0', {
  status: 'validated',
  thread_id: 't',
  instance: 'a',
  model: 'm',
  provider: 'fake',
});
const COMPLETE = encodeComplete('1.1', {
  thread_id: 't',
  chunk_count: 0,
  total_length: 0,
  duration_ms: 1,
  finish_reason: 'stop',
  usage: { input_tokens: 1, output_tokens: 0, estimated: false },
  sha256: createHash('sha256').update('').digest('hex'),
});
const SSE = { 'content-type': 'text/event-stream', 'x-instance-id': 'app-1' };

let ca: string;
let leaf: { key: string; cert: string };
const open: (() => void)[] = [];

beforeAll(async () => {
  const authority = await issueAuthority();
  ca = authority.certificate;
  const issued = await issueLeaf(authority);
  leaf = { key: issued.key, cert: issued.certificate };
});

afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function listen(server: Server | Http2SecureServer, scheme: string): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => server.close());
  return `${scheme}://localhost:${(server.address() as AddressInfo).port}/api/v1`;
}

function transportTo(url: string, options: NodeTransportOptions = {}): NodeTransport {
  const transport = nodeTransport(url, { ca, ...options });
  open.push(transport.close);
  return transport;
}

/** What the servers here need of both of Node's response classes. */
interface Answering {
  writeHead(status: number, headers: Record<string, string>): unknown;
  write(text: string): unknown;
  end(text: string): unknown;
}

function answerWhole(_request: unknown, response: Answering): void {
  response.writeHead(200, SSE);
  response.write(STATUS);
  response.end(COMPLETE);
}

describe('nodeTransport', () => {
  it('speaks HTTP/2 where the server agrees, over as many connections as the streams need', async () => {
    const waiting: Answering[] = [];
    const sessions = new Set<unknown>();
    const server = createSecureServer({ ...leaf, settings: { maxConcurrentStreams: 100 } }, (request, response) => {
      sessions.add(request.stream.session!);
      waiting.push(response);
    });
    const url = await listen(server, 'https');
    const summary = new Summary();
    const plan = loadPlan({ url, concurrency: 250, requests: 250 });
    const run = runLoad(plan, { summary, transport: transportTo(url).send });
    await until('all streams at once', () => waiting.length === 250);
    for (const response of waiting) answerWhole(undefined, response);
    await run;
    expect(summary.report().outcomes).toMatchObject({ ok: 250 });
    expect(sessions.size).toBe(3);
  });

  it('sends again, over a new connection, what a retiring one refused', async () => {
    let seen = 0;
    const server = createSecureServer({ ...leaf }, (request, response) => {
      seen += 1;
      // As NGINX after 1,000 requests: the first stream was the last one processed, this second one is not.
      if (seen === 2) request.stream.session!.goaway(0, 1);
      else answerWhole(request, response);
    });
    const url = await listen(server, 'https');
    const transport = transportTo(url).send;
    for (const _ of [1, 2]) {
      const result = await openStream({ query: 'hi', model: 'm' }, { baseUrl: url, transport });
      expect(result.outcome).toBe('complete');
    }
    expect(seen).toBe(3);
  });

  it('sees a stream that is reset in the middle as truncated', async () => {
    const server = createSecureServer({ ...leaf }, (request, response) => {
      response.writeHead(200, SSE);
      response.write(STATUS, () => request.stream.close(2));
    });
    const url = await listen(server, 'https');
    const result = await openStream({ query: 'hi', model: 'm' }, { baseUrl: url, transport: transportTo(url).send });
    expect(result.outcome).toBe('truncated');
  });

  it.each([false, true])('closes the request on abort; http1: %s', async (http1) => {
    let closed = false;
    const server = createSecureServer({ ...leaf, allowHTTP1: true }, (_, response) => {
      response.writeHead(200, SSE);
      response.write(STATUS);
      response.once('close', () => {
        closed = true;
      });
    });
    const url = await listen(server, 'https');
    const controller = new AbortController();
    const reason = new Error('enough');
    const opened = openStream(
      { query: 'hi', model: 'm' },
      {
        baseUrl: url,
        transport: transportTo(url, { http1 }).send,
        signal: controller.signal,
        onEvent: () => controller.abort(reason),
      },
    );
    await expect(opened).rejects.toBe(reason);
    await until('the server to see it', () => closed);
  });

  it.each([false, true])('resumes what broke, without a body, and cancels on abort; http1: %s', async (http1) => {
    const seen: string[] = [];
    const server = createSecureServer({ ...leaf, allowHTTP1: true }, (request, response) => {
      const { method, url, headers } = request;
      seen.push(`${method} ${url} ${headers['last-event-id']} ${headers['content-length']}`);
      response.writeHead(200, { ...SSE, 'x-thread-id': 't' });
      if (method === 'POST') response.write(STATUS, () => request.socket.destroy());
      else if (seen.length === 2) response.end(COMPLETE);
      else response.write(STATUS);
    });
    const baseUrl = await listen(server, 'https');
    const transport = transportTo(baseUrl, { http1 }).send;
    const options = { baseUrl, transport, verify: false };
    const result = await openStream({ query: 'hi', model: 'm', resumable: true }, options);
    expect(result).toMatchObject({ outcome: 'complete', reconnects: [{ atSeq: 0 }] });
    const controller = new AbortController();
    const attached = attachStream('t', { ...options, signal: controller.signal, onEvent: () => controller.abort() });
    await expect(attached).rejects.toMatchObject({ name: 'AbortError' });
    await until('the DELETE', () => seen.length === 4);
    expect(seen.slice(1)).toEqual([
      'GET /api/v1/stream/t 1.0 undefined',
      'GET /api/v1/stream/t undefined undefined',
      'DELETE /api/v1/stream/t undefined undefined',
    ]);
  });

  it('falls back to HTTP/1.1, and speaks it to plain http', async () => {
    const versions: string[] = [];
    const handler = (request: { httpVersion: string }, response: Answering) => {
      versions.push(request.httpVersion);
      answerWhole(request, response);
    };
    for (const url of [await listen(createHttps(leaf, handler), 'https'), await listen(createHttp1(handler), 'http')]) {
      const result = await openStream({ query: 'hi', model: 'm' }, { baseUrl: url, transport: transportTo(url).send });
      expect(result).toMatchObject({ outcome: 'complete', head: { instance: 'app-1' } });
    }
    expect(versions).toEqual(['1.1', '1.1']);
  });

  it('distinguishes a certificate that is not trusted from a closed port', async () => {
    const url = await listen(createHttps(leaf, answerWhole), 'https');
    const summary = new Summary();
    const untrusting = nodeTransport(url);
    await runLoad(loadPlan({ url }), { summary, transport: untrusting.send });
    const closed = 'http://127.0.0.1:1/api/v1';
    await runLoad(loadPlan({ url: closed }), { summary, transport: transportTo(closed).send });
    expect(summary.report().outcomes).toMatchObject({ tls: 1, connect: 1 });
  });
});

describe('reachApi', () => {
  const never = new AbortController().signal;

  it('goes on at the https address that http redirects to', async () => {
    const target = await listen(
      createSecureServer({ ...leaf }, (_, response) => response.end('{}')),
      'https',
    );
    const redirect = createHttp1((request, response) => {
      response.writeHead(308, { location: target.replace('/api/v1', request.url ?? '') });
      response.end();
    });
    const reached = await reachApi(await listen(redirect, 'http'), { ca }, never);
    expect(reached).toBe(target);
  });

  it('says what to do where nothing answers, or is not trusted', async () => {
    await expect(reachApi('http://127.0.0.1:1/api/v1', {}, never)).rejects.toThrow(/ECONNREFUSED.*weir start --all/);
    const url = await listen(createHttps(leaf, answerWhole), 'https');
    await expect(reachApi(url, {}, never)).rejects.toThrow(/not trusted.*--insecure/);
  });
});
