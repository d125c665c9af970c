import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { drained } from './drained.ts';
import { MockResponses } from './mock_responses.ts';
import { sendStory, storyOf } from './mock_story.ts';
import {
  chunkFrame,
  DONE_FRAME,
  FAULT_MODELS,
  type MockStep,
  ROLE_FRAME,
  SSE_HEADERS,
  usageFrame,
} from './openai_frames.ts';

/** One request that the mock got, and what became of it. */
export interface MockRequest {
  path: string;
  headers: IncomingMessage['headers'];
  body: { model?: string; stream?: boolean; stream_options?: { include_usage?: boolean } } & Record<string, unknown>;
  /** The same, to the byte. */
  raw: string;
  /** Wall clock, ms. */
  startedAt: number;
  /** Wall clock when the connection of an unfinished answer closed: the client went away, or the script reset it. */
  closedEarlyAt: number | undefined;
  /** Settles when the answer has ended, one way or the other. */
  ended: Promise<void>;
}

export interface MockOpenaiOptions {
  port?: number;
  host?: string;
  /** Scripts an answer; undefined leaves it to the model's name. */
  script?: (request: MockRequest) => readonly MockStep[] | undefined;
  /** Whether `/responses` runs in the background, as resumable streams want it; else it is scripted like all others. */
  background?: boolean;
}

export interface MockOpenai extends AsyncDisposable {
  /** Base URL, with `/v1`. */
  url: string;
  /** Answers under way. */
  readonly open: number;
  /** Those for one prompt. */
  openFor(prompt: string): number;
  /** Connections that are open, in use or not. */
  connections(): Promise<number>;
  /** The most answers that were ever under way at once for one and the same prompt. */
  peak(prompt: string): number;
  requests: MockRequest[];
  /** Its Responses API, in background mode. */
  responses: MockResponses;
  /** Closes connections on which nothing is asked. */
  closeIdle: () => void;
  close: () => Promise<void>;
}

/**
 * An OpenAI-compatible provider on a real socket. The model's name says what it answers: `mock-<chunks>x<per second>`
 * (0: at once), `story-…` (see `mock_story.ts`; it goes on after a given prefix), a name of {@link FAULT_MODELS}, or
 * anything else for three words and a full stop.
 */
export async function startMockOpenai(options: MockOpenaiOptions = {}): Promise<MockOpenai> {
  const requests: MockRequest[] = [];
  let open = 0;
  const openBy = new Map<string, number>();
  const peaks = new Map<string, number>();
  const count = (prompt: string, change: number) => {
    const now = (openBy.get(prompt) ?? 0) + change;
    openBy.set(prompt, now);
    peaks.set(prompt, Math.max(peaks.get(prompt) ?? 0, now));
  };
  const responses = new MockResponses();
  const server = createServer(async (incoming, response) => {
    if (options.background !== false && (await responses.handle(incoming, response))) return;
    if (incoming.url === '/v1/models') return answerModels(response);
    if (incoming.method === 'GET') return answerStats(response, open, requests);
    const request = await receive(incoming, response);
    requests.push(request);
    const prompt = promptOf(request);
    open += 1;
    count(prompt, 1);
    request.ended.then(() => {
      open -= 1;
      count(prompt, -1);
    });
    const steps = options.script?.(request) ?? FAULT_MODELS[request.body.model ?? ''];
    if (steps) await play(steps, response);
    else await answer(request, response);
  });
  // Idle connections must outlast a pause between two tests, as a provider's do.
  server.keepAliveTimeout = 60_000;
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${port}/v1`,
    get open() {
      return open;
    },
    openFor: (prompt) => openBy.get(prompt) ?? 0,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    peak: (prompt) => peaks.get(prompt) ?? 0,
    requests,
    responses,
    closeIdle: () => server.closeIdleConnections(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function promptOf({ body }: MockRequest): string {
  const messages = body.messages as { content?: unknown }[] | undefined;
  return String(messages?.at(-1)?.content ?? '');
}

async function receive(incoming: IncomingMessage, response: ServerResponse): Promise<MockRequest> {
  let text = '';
  for await (const part of incoming.setEncoding('utf8')) text += part;
  const request: MockRequest = {
    path: incoming.url ?? '',
    headers: incoming.headers,
    body: text === '' ? {} : JSON.parse(text),
    raw: text,
    startedAt: performance.timeOrigin + performance.now(),
    closedEarlyAt: undefined,
    ended: new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) request.closedEarlyAt = performance.timeOrigin + performance.now();
        resolve();
      });
    }),
  };
  return request;
}

async function play(steps: readonly MockStep[], response: ServerResponse): Promise<void> {
  for (const step of steps) {
    if (response.destroyed) return;
    if ('head' in step) {
      response.writeHead(step.head, step.headers);
      response.flushHeaders();
    } else if ('write' in step) {
      if (!response.write(step.write)) await drained(response);
    } else if ('raw' in step) {
      response.socket?.write(step.raw, 'latin1');
    } else if ('pause' in step) {
      await sleep(step.pause);
    } else if ('until' in step) {
      await step.until;
    } else if ('reset' in step) {
      response.socket?.resetAndDestroy();
      return;
    } else {
      await once(response, 'close');
      return;
    }
  }
  response.end();
}

async function answer({ body, path }: MockRequest, response: ServerResponse): Promise<void> {
  const story = storyOf(body.model);
  if (story) return sendStory(story, body, response);
  const [, count, rate] = /^mock-(\d+)x(\d+)$/.exec(body.model ?? '') ?? ['', '4', '0'];
  const chunks = Number(count);
  if (path === '/v1/messages') return answerMessages(chunks, Number(rate), response);
  if (body.stream !== true) return answerWhole(chunks, response);
  response.writeHead(200, SSE_HEADERS);
  response.write(ROLE_FRAME);
  const frame = chunkFrame({ content: 'word ' });
  await (Number(rate) > 0 ? paced(response, frame, chunks, 1000 / Number(rate)) : unpaced(response, frame, chunks));
  if (response.destroyed) return;
  const usage = body.stream_options?.include_usage ? usageFrame(7, chunks) : '';
  response.end(chunkFrame({}, 'stop') + usage + DONE_FRAME);
}

/** Anthropic's messages, streamed. */
async function answerMessages(chunks: number, rate: number, response: ServerResponse): Promise<void> {
  const event = (data: { type: string; [name: string]: unknown }) =>
    `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  const usage = { input_tokens: 7, output_tokens: 1 };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'mock', content: [], usage };
  response.writeHead(200, SSE_HEADERS);
  response.write(
    event({ type: 'message_start', message }) +
      event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  );
  const frame = event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'word ' } });
  await (rate > 0 ? paced(response, frame, chunks, 1000 / rate) : unpaced(response, frame, chunks));
  if (response.destroyed) return;
  response.end(
    event({ type: 'content_block_stop', index: 0 }) +
      event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: chunks } }) +
      event({ type: 'message_stop' }),
  );
}

/** A timer per stream, as its start fell: streams that tick together would come in bursts, and cost less to relay. */
function paced(response: ServerResponse, frame: string, chunks: number, gapMs: number): Promise<void> {
  return new Promise((resolve) => {
    let left = chunks;
    const timer = setInterval(() => {
      if (left-- > 0 && !response.destroyed) response.write(frame);
      else {
        clearInterval(timer);
        resolve();
      }
    }, gapMs);
  });
}

async function unpaced(response: ServerResponse, frame: string, chunks: number): Promise<void> {
  for (let at = 0; at < chunks && !response.destroyed; at++) {
    if (!response.write(frame)) await drained(response);
  }
}

function answerWhole(chunks: number, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const message = { role: 'assistant', content: 'word '.repeat(chunks) };
  const usage = { prompt_tokens: 7, completion_tokens: chunks, total_tokens: 7 + chunks };
  response.end(
    JSON.stringify({ object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage }),
  );
}

function answerModels(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const data = [{ id: 'mock-5x0', object: 'model', created: 1764000000, owned_by: 'mock' }];
  response.end(JSON.stringify({ object: 'list', data }));
}

/** For measurements from another process: answers under way, and when clients went away (wall clock, ms). */
function answerStats(response: ServerResponse, open: number, requests: MockRequest[]): void {
  const closedEarlyAt = requests.flatMap((request) => request.closedEarlyAt ?? []);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ open, requests: requests.length, closedEarlyAt }));
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string' } } });
  const mock = await startMockOpenai({ port: Number(values.port ?? 0) });
  process.stdout.write(`${JSON.stringify({ url: mock.url })}\n`);
  process.once('SIGTERM', () => mock.close());
}
