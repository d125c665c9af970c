import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isObject, type JsonObject, parseObject, textOf } from '../../../src/formats/json_object.ts';
import { chatProvider } from './chat_provider.ts';
import { messagesProvider } from './messages_provider.ts';
import { responsesProvider } from './responses_provider.ts';
import { ANSWERS, ASKED, REFUSALS } from './scenarios.ts';
import { type Frame, type ProviderFormat, Seals } from './scripted_answer.ts';

export const UPSTREAM_FORMATS = ['chat', 'responses', 'messages'] as const;
export type UpstreamFormat = (typeof UPSTREAM_FORMATS)[number];

/** Named as real models are, as a gateway may know by the name what a model takes. */
const MODELS = { chat: 'acme/large', responses: 'gpt-5.2', messages: 'claude-sonnet-4-5' } as const;

/** @returns the name of the mock's model for a scenario, with its provider before it */
export function mockModel(format: UpstreamFormat, scenario: string, model: string = MODELS[format]): string {
  return `${format}/${model}:${scenario}`;
}

const PROVIDERS: Record<UpstreamFormat, ProviderFormat> = {
  chat: chatProvider,
  responses: responsesProvider,
  messages: messagesProvider,
};

/** How each format asks a model to reason, and to show it. */
const REASONS = {
  thinking: { type: 'adaptive' },
  reasoning_effort: 'medium',
  reasoning: { effort: 'medium', summary: 'auto' },
  include: ['reasoning.encrypted_content'],
};

/** One request that the mock got, and what it answered it with. */
export interface ProviderRequest {
  format: UpstreamFormat;
  path: string;
  headers: IncomingMessage['headers'];
  body: JsonObject;
  /** Why it was refused, where the real provider would refuse it too. */
  refused: string | undefined;
}

/** Lets the pieces of one answer go, one by one: a piece is sent when the test has asked for it, and never before. */
export class Gate {
  #open = 0;
  #waiting: (() => void) | undefined;
  /** Pieces that were sent. */
  sent = 0;

  /** One piece more. */
  next(): void {
    this.#open += 1;
    this.#waiting?.();
  }

  async pass(): Promise<void> {
    while (this.sent >= this.#open) await new Promise<void>((resolve) => (this.#waiting = resolve));
    this.sent += 1;
  }
}

export interface MockProviders extends AsyncDisposable {
  /** Without `/v1`. */
  url: string;
  requests: ProviderRequest[];
  /** Of models whose name ends in `-<name>`. */
  gate(name: string): Gate;
  /** Answers under way. */
  readonly open: number;
}

/**
 * Providers of three formats on one socket, in the shapes that the real ones send. The model's name says what is answered:
 * `<model>:<scenario>`, a name of {@link ANSWERS} or {@link REFUSALS}, and with `-<name>` after it the answer goes through
 * the gate of that name; with `_unasked` before that, it is given to requests that do not ask for it, too. A request that the real provider would refuse gets its refusal.
 */
export async function startMockProviders(): Promise<MockProviders> {
  const requests: ProviderRequest[] = [];
  const gates = new Map<string, Gate>();
  const seals = new Seals();
  let open = 0;
  const gate = (name: string) => {
    const known = gates.get(name) ?? new Gate();
    gates.set(name, known);
    return known;
  };

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const part of incoming.setEncoding('utf8')) text += part;
    const [path = '', query = ''] = (incoming.url ?? '').split('?');
    if (incoming.method === 'GET' && path.endsWith('/models')) return sendJson(response, 200, modelsFor(incoming));
    const [, name] = /\/(chat\/completions|responses|messages|messages\/count_tokens)$/.exec(path) ?? [];
    if (name === undefined) return sendJson(response, 404, { error: { message: `no ${path}` } });
    const format = name.startsWith('chat') ? 'chat' : name.startsWith('messages') ? 'messages' : 'responses';
    const provider = PROVIDERS[format];
    const body = parseObject(text) ?? {};
    const [, scenario = '', unasked, key] = /:([^-]*?)(_unasked)?(?:-(.*))?$/.exec(textOf(body.model)) ?? [];
    const counted = name.endsWith('count_tokens');
    const refused =
      unauthorized(incoming, format) ??
      provider.refuses(counted ? { max_tokens: 1, ...body } : body, seals) ??
      (counted || unasked || (ASKED[scenario] ?? /./).test(text)
        ? undefined
        : `the request lacks what ${scenario} is about`);
    requests.push({ format, path: `${path}${query && `?${query}`}`, headers: incoming.headers, body, refused });
    const refusal = refused === undefined ? REFUSALS[scenario] : ({ status: 400, message: refused } as const);
    if (refusal) {
      const more = refusal.status === 429 ? { 'retry-after': '3', 'request-id': 'req_mock' } : {};
      return sendJson(response, refusal.status, provider.errorBody(refusal), more);
    }
    if (counted) return sendJson(response, 200, { input_tokens: 14 });
    const scripted = ANSWERS[scenario];
    if (!scripted) {
      return sendJson(response, 404, provider.errorBody({ status: 404, message: `no model ${textOf(body.model)}` }));
    }
    const script = scripted(provider.turn(body));
    const answered = unasked ? { ...body, ...REASONS } : body;
    if (body.stream !== true) return sendJson(response, 200, provider.whole(script, answered, seals));
    await sendFrames(provider.frames(script, answered, seals), response, key === undefined ? undefined : gate(key));
  }

  const server = createServer((incoming, response) => {
    open += 1;
    response.once('close', () => {
      open -= 1;
    });
    answer(incoming, response).catch((error) => response.destroy(error));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    gate,
    get open() {
      return open;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function sendFrames(frames: readonly Frame[], response: ServerResponse, gate: Gate | undefined): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  response.flushHeaders();
  for (const { text, piece } of frames) {
    if (piece) await gate?.pass();
    if (response.destroyed) return;
    response.write(text);
  }
  response.end();
}

function unauthorized({ headers }: IncomingMessage, format: UpstreamFormat): string | undefined {
  if (format !== 'messages') {
    return headers.authorization === `Bearer sk-of-${format}` ? undefined : 'You did not provide an API key.';
  }
  if (headers['x-api-key'] !== 'sk-of-messages') return 'x-api-key header is required';
  return headers['anthropic-version'] === undefined ? 'anthropic-version: header is required' : undefined;
}

function modelsFor({ headers }: IncomingMessage): object {
  if (headers['x-api-key'] !== undefined) {
    const model = { type: 'model', id: 'claude-mock', display_name: 'Claude Mock', created_at: '2026-01-01T00:00:00Z' };
    return { data: [model], has_more: false, first_id: model.id, last_id: model.id };
  }
  return { object: 'list', data: [{ id: 'gpt-mock', object: 'model', created: 1764000000, owned_by: 'mock' }] };
}

function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  if (!isObject(body)) throw new Error('no object');
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
