import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { drained } from './drained.ts';
import { storyOf } from './mock_story.ts';
import { SSE_HEADERS } from './openai_frames.ts';

/** One request that the Responses API got. */
export interface ResponsesRequest {
  method: string;
  /** Without the base URL: `/responses/resp_1?stream=true`. */
  path: string;
  body: Record<string, unknown>;
}

/** A response that is worked on, whether or not anybody reads it. */
export interface MockRun {
  id: string;
  state: 'in_progress' | 'completed' | 'cancelled';
  events: string[];
}

/**
 * OpenAI's Responses API in background mode: stored runs that go on without a reader, read again from any of their
 * events, and cancelled by name. The model's text is a story, see `mock_story.ts`.
 */
export class MockResponses {
  readonly requests: ResponsesRequest[] = [];
  readonly runs = new Map<string, MockRun>();
  /** Whether runs can still be read. */
  streamable = true;
  /** What a second reading says instead of each event. */
  rewrite = (event: string): string => event;
  /** Milliseconds before a run gets its name. */
  naming = 0;
  #woken = Promise.withResolvers<void>();

  /** @returns false when the request is none of this API's */
  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const [, path] = /^\/v1(\/responses.*)$/.exec(incoming.url ?? '') ?? [];
    if (path === undefined) return false;
    let text = '';
    for await (const part of incoming.setEncoding('utf8')) text += part;
    const request = { method: incoming.method ?? '', path, body: text === '' ? {} : JSON.parse(text) };
    this.requests.push(request);
    await this.#answer(request, response);
    return true;
  }

  /** Requests of one method, as `<path>`. */
  asked(method: string): string[] {
    return this.requests.filter((request) => request.method === method).map(({ path }) => path);
  }

  async #answer({ method, path, body }: ResponsesRequest, response: ServerResponse): Promise<void> {
    const [, id, verb, query] = /^\/responses(?:\/([^/?]+))?(\/cancel)?(?:\?(.*))?$/.exec(path) ?? [];
    if (method === 'POST' && id === undefined) return this.#stream(this.#begin(body), -1, response, (event) => event);
    const run = this.runs.get(decodeURIComponent(id ?? ''));
    if (!run) return refuse(response, 404, 'Response not found.');
    if (verb) {
      if (run.state === 'in_progress') run.state = 'cancelled';
      this.#wake();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: run.id, status: run.state }));
      return;
    }
    if (!this.streamable) return refuse(response, 400, 'This response can no longer be streamed.');
    const after = new URLSearchParams(query).get('starting_after');
    return this.#stream(run, after === null ? -1 : Number(after), response, this.rewrite);
  }

  #begin(body: Record<string, unknown>): MockRun {
    const run: MockRun = { id: `resp_${this.runs.size + 1}`, state: 'in_progress', events: [] };
    this.runs.set(run.id, run);
    void this.#work(run, body);
    return run;
  }

  async #work(run: MockRun, body: Record<string, unknown>): Promise<void> {
    const story = storyOf(body.model as string);
    if (!story) throw new Error(`no story: ${body.model}`);
    if (this.naming > 0) await new Promise((resolve) => setTimeout(resolve, this.naming));
    const about = { id: run.id, object: 'response', model: body.model };
    this.#say(run, 'response.created', { response: { ...about, status: 'queued', output: [] } });
    this.#say(run, 'response.in_progress', { response: { ...about, status: 'in_progress', output: [] } });
    const item = { item_id: `msg_${run.id}`, output_index: 0, content_index: 0 };
    const gap = story.perSecond > 0 ? 1000 / story.perSecond : 0;
    let due = performance.now();
    for (const delta of story.pieces) {
      due += gap;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      if (run.state !== 'in_progress') return;
      this.#say(run, 'response.output_text.delta', { ...item, delta, logprobs: [] });
    }
    this.#say(run, 'response.output_text.done', { ...item, text: story.text });
    run.state = 'completed';
    const usage = { input_tokens: 7, output_tokens: story.pieces.length, total_tokens: 7 + story.pieces.length };
    this.#say(run, 'response.completed', { response: { ...about, status: 'completed', usage } });
  }

  #say(run: MockRun, type: string, data: Record<string, unknown>): void {
    const event = { type, ...data, sequence_number: run.events.length };
    run.events.push(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
    this.#wake();
  }

  #wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers();
  }

  async #stream(
    run: MockRun,
    after: number,
    response: ServerResponse,
    frameOf: (event: string) => string,
  ): Promise<void> {
    response.writeHead(200, SSE_HEADERS);
    response.flushHeaders();
    const closed = once(response, 'close');
    for (let at = after + 1; !response.destroyed; ) {
      const woken = this.#woken.promise;
      for (; at < run.events.length && !response.destroyed; at += 1) {
        if (!response.write(frameOf(run.events[at] as string))) await drained(response);
      }
      if (run.state !== 'in_progress') break;
      await Promise.race([woken, closed]);
    }
    response.end();
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', code: null } }));
}
