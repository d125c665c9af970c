import { describe, expect, it } from 'vitest';
import { HttpUpstream } from '../../../src/adapters/providers/http_upstream.ts';
import type { UpstreamServer } from '../../../src/adapters/providers/upstream_server.ts';
import { ClientRequest } from '../../../src/core/upstream/client_request.ts';
import type { AnswerEnd, ByteConsumer } from '../../../src/core/upstream/upstream.ts';
import { fakeOptionsSchema } from '../../../src/formats/weir/stream_request.ts';
import { FORMATS, LEAST } from '../formats/requests/translate.ts';

type Client = 'chat' | 'responses';

const schema = { type: 'object', properties: { city: { type: 'string' } } };
const ASKS = {
  chat: { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } },
  responses: { text: { format: { type: 'json_schema', name: 'x', schema } } },
};
const NAME = 'weir_json_answer';
const MODEL = 'claude-3-5-haiku-20241022';
const usage = { input_tokens: 5, output_tokens: 3 };

const said = (index: number, delta: object) => ({ type: 'content_block_delta', index, delta });
const json = (index: number, partial_json: string) => said(index, { type: 'input_json_delta', partial_json });
const begun = (index: number, name: string) => {
  return { type: 'content_block_start', index, content_block: { type: 'tool_use', id: `t${index}`, name, input: {} } };
};
const ended = (stop_reason: string) => [
  { type: 'message_delta', delta: { stop_reason }, usage },
  { type: 'message_stop' },
];
const BEFORE = [
  { type: 'message_start', message: { usage } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  said(0, { type: 'text_delta', text: 'Here it is:' }),
  { type: 'content_block_stop', index: 0 },
];

/** What a client is given, with the stream's piece after which it was. */
async function given(client: Client, answer: object | readonly object[]) {
  const stream = Array.isArray(answer);
  const events = stream ? answer.map((event) => `data: ${JSON.stringify(event)}\n\n`) : [JSON.stringify(answer)];
  const seen = { texts: [] as string[], after: [] as number[], others: [] as string[], begun: 0, end: {} as AnswerEnd };
  let at = 0;
  const bytes = {
    kind: 'bytes',
    status: 200,
    headers: {},
    contentType: stream ? 'text/event-stream' : 'application/json',
    start(consumer: ByteConsumer) {
      for (const event of events) {
        at += 1;
        consumer.bytes(event);
      }
      consumer.end();
    },
    resume() {},
    finish() {},
  };
  const asked: { body?: unknown } = {};
  const server = {
    provider: 'p',
    host: 'api.anthropic.com',
    ask: async ({ body }: { body: unknown }) => {
      asked.body = body;
      return bytes;
    },
  } as unknown as UpstreamServer;
  const modelsRequest = { method: 'GET', path: '/models', body: undefined, headers: {}, silenceMs: 1 } as const;
  const options = { speaks: ['messages'], continuation: 'none', unusable: undefined, maxTokens: {} } as const;
  const request = new ClientRequest({
    format: client,
    stream,
    wantsParts: true,
    silenceMs: 1,
    passed: undefined,
    parser: undefined,
    fake: () => fakeOptionsSchema.parse({}),
    read: () => FORMATS[client].readRequest({ ...LEAST[client], ...ASKS[client], stream }),
  });
  const upstream = new HttpUpstream(server, { ...options, modelsRequest });
  const parts = await upstream.open(request, MODEL, { signal: new AbortController().signal });
  if (parts.kind !== 'parts') throw new Error('no parts');
  await new Promise<void>((resolve, reject) => {
    parts.start({
      text(text) {
        seen.texts.push(text);
        seen.after.push(at);
        return true;
      },
      part: ({ type }) => seen.others.push(type) > 0,
      begun() {
        seen.begun = at;
      },
      end(end) {
        seen.end = end;
        resolve();
      },
      fail: reject,
    });
  });
  return { ...seen, body: asked.body };
}

describe.each(['chat', 'responses'] as const)('a schema that a model gets as a tool, for a client of %s', (client) => {
  it('streams the arguments of the tool as the text of the answer, piece by piece, and nothing beside them', async () => {
    const events = [...BEFORE, begun(1, NAME), json(1, ''), json(1, '{"city":'), json(1, '"Rome"}')];
    const seen = await given(client, [...events, ...ended('tool_use')]);
    expect(seen).toMatchObject({ texts: ['{"city":', '"Rome"}'], after: [7, 8], others: [], begun: 3 });
    expect(seen.end).toEqual({ finish: 'stop', finishReason: 'tool_use', usage: { input: 5, output: 3 } });
    expect(seen.body).toMatchObject({ tool_choice: { type: 'tool', name: NAME }, stream: true });
  });

  it('takes the first call of the tool, and no other', async () => {
    const calls = [begun(1, 'other'), json(1, '{}'), begun(2, NAME), json(2, '{"city":"Rome"}'), begun(3, NAME)];
    const seen = await given(client, [...BEFORE, ...calls, json(3, '{}'), ...ended('tool_use')]);
    expect(seen).toMatchObject({ texts: ['{"city":"Rome"}'], others: [] });
  });

  it('gives what there is of an answer that the limit cut off', async () => {
    const seen = await given(client, [...BEFORE, begun(1, NAME), json(1, '{"city":"Ro'), ...ended('max_tokens')]);
    expect(seen).toMatchObject({ texts: ['{"city":"Ro'], others: [], end: { finish: 'length' } });
  });

  it('keeps a refusal', async () => {
    const delta = { stop_reason: 'refusal', stop_details: { explanation: 'No.' } };
    const seen = await given(client, [...BEFORE, { type: 'message_delta', delta, usage }, { type: 'message_stop' }]);
    expect(seen).toMatchObject({ texts: [], others: ['refusal'], end: { finish: 'refusal' } });
  });

  it.each([
    ['tool_use', 'stop'],
    ['max_tokens', 'length'],
  ])('gives a whole answer that ended with %s the same way', async (stop_reason, finish) => {
    const content = [
      { type: 'text', text: 'Here it is:' },
      { type: 'tool_use', id: 't', name: NAME, input: { city: 'Rome' } },
    ];
    const seen = await given(client, { type: 'message', content, stop_reason, usage });
    expect(seen).toMatchObject({ texts: ['{"city":"Rome"}'], others: [], end: { finish } });
  });
});
