import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/formats/json_object.ts';
import {
  claudeCodeCount,
  claudeCodeRequest,
  claudeCodeSmallRequests,
  codexRequest,
} from '../support/agent_requests.ts';
import { withoutNames } from '../support/official_clients.ts';
import { mockModel, UPSTREAM_FORMATS, type UpstreamFormat } from '../support/providers/mock_providers.ts';
import { rawConnection } from '../support/raw_http.ts';
import { startTranslationGateway, type TranslationGateway } from '../support/translation_gateway.ts';

let gateway: TranslationGateway;
beforeAll(async () => {
  gateway = await startTranslationGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const messages = [{ role: 'user', content: 'hi' }];
const CLIENTS: Record<string, { path: string; body: JsonObject }> = {
  chat: {
    path: '/v1/chat/completions',
    body: {
      messages,
      reasoning_effort: 'medium',
      tools: [{ type: 'function', function: { name: 'weather', parameters } }],
    },
  },
  responses: {
    path: '/v1/responses',
    body: {
      input: 'hi',
      reasoning: { effort: 'medium', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
      store: false,
      tools: [{ type: 'function', name: 'weather', parameters, strict: false }],
    },
  },
  messages: {
    path: '/v1/messages',
    body: {
      messages,
      max_tokens: 4096,
      thinking: { type: 'enabled', budget_tokens: 2048 },
      tools: [{ name: 'weather', input_schema: parameters }],
    },
  },
  weir: { path: '/api/v1/stream', body: { messages, parts: true } },
};

const post = (path: string, body: JsonObject, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
    body: JSON.stringify(body),
  });

const asked = (client: string, upstream: UpstreamFormat, scenario: string): JsonObject => {
  const { body } = CLIENTS[client]!;
  const name = mockModel(upstream, scenario);
  const model = client === 'weir' ? { provider: upstream, model: name.slice(upstream.length + 1) } : { model: name };
  return { ...body, stream: true, ...model };
};

const cells = Object.keys(CLIENTS).flatMap((client) => UPSTREAM_FORMATS.map((upstream) => [client, upstream] as const));

describe.each(cells)('%s over %s', (client, upstream) => {
  // A piece that is held back would wait for ever: the limit bounds that.
  it('has each piece before the provider sends the next', { timeout: 20_000 }, async () => {
    const gate = gateway.providers.gate(`${client}${upstream}`);
    const answer = await post(CLIENTS[client]!.path, asked(client, upstream, `gaps-${client}${upstream}`));
    // The head may wait for the first piece.
    gate.next();
    let text = '';
    let sent = 1;
    // Not every client format can ask for reasoning.
    const first = client === 'weir' ? 2 : 0;
    for await (const bytes of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += bytes;
      while (text.includes(`piece${first + sent - 1}`)) {
        expect(gate.sent).toBe(sent);
        gate.next();
        sent += 1;
      }
    }
    expect(text).toContain('piece7');
    expect(sent).toBe(9 - first);
  });
});

/** Reasoning as the client was given it, to be given back. */
async function firstTurn(path: string, body: JsonObject): Promise<JsonObject> {
  const answer = await post(path, body);
  expect(answer.status).toBe(200);
  return (await answer.json()) as JsonObject;
}

describe.each(UPSTREAM_FORMATS)('coding agents over %s', (upstream) => {
  const lastAsked = () => gateway.providers.requests.at(-1)!;

  it('Claude Code reads the answer to what it asks in the middle of a task', async () => {
    const model = mockModel(upstream, 'everything');
    const first = claudeCodeRequest(model, undefined).body;
    const { content } = await firstTurn('/v1/messages', { ...first, messages, stream: false });
    const [thinking] = (content as Anthropic.ContentBlock[]).filter((block) => block.type === 'thinking');
    expect(thinking).toMatchObject({ thinking: 'First I think.', signature: /./ });
    const given = { text: thinking!.thinking, signature: thinking!.signature };
    const { headers, body } = claudeCodeRequest(model, given);
    const client = new Anthropic({ baseURL: gateway.url, apiKey: 'any', maxRetries: 0 });
    const stream = client.beta.messages.stream(body as never, { headers });
    const message = await stream.finalMessage();
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Both are there.', signature: /./ },
      { type: 'text', text: 'It rains, at noon.' },
    ]);
    expect(message.stop_reason).toBe('end_turn');
    const asked = lastAsked();
    expect(asked.refused).toBeUndefined();
    expect(JSON.stringify(asked.body)).toContain('iVBORw0KGgo=');
    expect(JSON.stringify(asked.body)).toContain('Exit code 1');
    expect(Object.keys(asked.headers).filter((name) => /stainless|x-app|claude-code/.test(name))).toEqual([]);
    expect(asked.headers['anthropic-beta']).toBe(upstream === 'messages' ? headers['anthropic-beta'] : undefined);
  });

  it('Claude Code asks whether the key works, and for a title', async () => {
    for (const { path, headers, body } of claudeCodeSmallRequests(mockModel(upstream, 'text'))) {
      const answer = await post(path, body, headers);
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Grüße')]);
    }
  });

  it('Claude Code gets tokens counted, or estimated where the provider counts none', async () => {
    const { path, headers, body } = claudeCodeCount(mockModel(upstream, 'text'));
    const answer = await post(path, body, headers);
    expect(answer.status).toBe(200);
    const { input_tokens } = (await answer.json()) as { input_tokens: number };
    if (upstream === 'messages') expect(input_tokens).toBe(14);
    else expect(input_tokens).toBeGreaterThan(5000);
  });

  it('Codex reads the answer to what it asks in the middle of a task', async () => {
    const first = codexRequest(mockModel(upstream, 'everything'), undefined).body;
    const begun = await firstTurn('/v1/responses', { ...first, input: 'hi', stream: false });
    const reasoning = (begun.output as JsonObject[]).find(({ type }) => type === 'reasoning');
    expect(reasoning).toMatchObject({ summary: [{ text: 'First I think.' }], encrypted_content: /./ });
    const { headers, body } = codexRequest(mockModel(upstream, 'patch'), reasoning);
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 0 });
    const { output, status } = await client.responses.stream(body as never, { headers }).finalResponse();
    expect(status).toBe('completed');
    const patch = '*** Begin Patch\n+"2"\n*** End Patch\n';
    const called =
      upstream === 'responses'
        ? { type: 'function_call', name: 'apply_patch' }
        : { type: 'custom_tool_call', name: 'apply_patch', input: patch, call_id: 'call_p' };
    expect(output.map(({ type }) => type)).toEqual(['reasoning', 'message', called.type]);
    expect(output.at(-1)).toMatchObject(upstream === 'messages' ? { ...called, call_id: 'toolu_p' } : called);
    const asked = lastAsked();
    expect(asked.refused).toBeUndefined();
    expect(JSON.stringify(asked.body)).toContain('*** Update File: a.ts');
    expect(Object.keys(asked.headers).filter((name) => /originator|codex/.test(name))).toEqual([]);
  });
});

/** What is compared of a whole answer: a chat completion's reasoning has many names, and its seal is the provider's. */
function said({ choices, output, status, content, stop_reason, usage }: JsonObject): unknown {
  const chosen = (choices as { message: JsonObject }[] | undefined)?.map(({ message, ...choice }) => {
    const { reasoning, reasoning_content, reasoning_details, ...more } = message;
    const isSealed = /signature|data/.test(JSON.stringify(reasoning_details));
    return { ...choice, message: { ...more, reasoning: reasoning_content ?? reasoning, isSealed } };
  });
  return withoutNames({ choices: chosen, output, status, content, stop_reason, usage });
}

describe.each(cells.filter(([client, upstream]) => client !== upstream && client !== 'weir'))(
  '%s over %s, not streamed',
  (client, upstream) => {
    it('is the same whole answer as from an upstream of its own format', async () => {
      const { path, body } = CLIENTS[client]!;
      const [own, other] = await Promise.all(
        [client, upstream].map((each) =>
          firstTurn(path, { ...body, model: mockModel(each as UpstreamFormat, 'everything') }),
        ),
      );
      expect(said(other!)).toEqual(said(own!));
    });
  },
);

describe('what clients ask beside answers', () => {
  it('lists models as each client knows them', async () => {
    const openai = await new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any' }).models.list();
    expect(openai.data).toContainEqual(expect.objectContaining({ id: 'chat/gpt-mock', object: 'model' }));
    expect(openai.data).toContainEqual(expect.objectContaining({ id: 'messages/claude-mock', object: 'model' }));
    const anthropic = await new Anthropic({ baseURL: gateway.url, apiKey: 'any' }).models.list();
    expect(anthropic.has_more).toBe(false);
    expect(anthropic.data).toContainEqual(
      expect.objectContaining({ id: 'chat/gpt-mock', type: 'model', created_at: expect.stringMatching(/T.*Z$/) }),
    );
    expect(anthropic.data).toContainEqual(expect.objectContaining({ id: 'any', display_name: 'any' }));
  });

  it('refuses a WebSocket at once, so that Codex goes on with HTTP', async () => {
    const head = 'GET /v1/responses HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    const more = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const connection = rawConnection(gateway.instance.port, head + more);
    await connection.ended;
    expect(connection.received()).toMatch(/^HTTP\/1.1 426 /);
  });

  it('goes from a provider of one format to one of another before the first part', async () => {
    const client = new Anthropic({ baseURL: gateway.url, apiKey: 'any', maxRetries: 0 });
    const message = await client.messages
      .stream({ model: 'any', max_tokens: 4096, messages: [{ role: 'user', content: 'hi' }] })
      .finalMessage();
    expect(message.content[0]).toMatchObject({ type: 'text', text: expect.stringContaining('Grüße') });
  });
});

describe.each(cells.filter(([client, upstream]) => client !== upstream && client !== 'weir'))(
  '%s over %s: a provider that refuses',
  (client, upstream) => {
    it.each([
      ['refused_400', 400, 'prompt is too long', 'invalid_request_error'],
      ['refused_401', 401, 'API key is not valid', 'authentication_error'],
      ['refused_429', 429, 'rate limit', 'rate_limit_error'],
      // A status of Anthropic's own: its clients wait longer after it.
      [
        'refused_529',
        client === 'messages' ? 529 : 503,
        'Overloaded',
        client === 'messages' ? 'overloaded_error' : 'server_error',
      ],
    ])('%s', async (model, status, words, type) => {
      const answer = await post(CLIENTS[client]!.path, asked(client, upstream, model));
      const { error } = (await answer.json()) as { error: JsonObject };
      expect([answer.status, error]).toMatchObject([status, { message: expect.stringContaining(words), type }]);
      expect(answer.headers.get('x-weir-refused-by')).toBe(upstream);
      if (status === 429) expect(answer.headers.get('retry-after')).toBe('3');
    });
  },
);
