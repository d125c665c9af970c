import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import type { ReasoningSeal, StreamPart } from '../../../../src/formats/stream_part.ts';
import { FORMATS, type FormatName, LEAST, NAMES } from './translate.ts';

/** What an upstream says before it calls a tool, in its own format, with seals that it wants back as they are. */
interface Upstream {
  format: FormatName;
  what: string;
  model: string;
  server?: string;
  answer: JsonObject;
  /** What of the answer stands in the next request, whichever client was between. */
  returned: JsonObject[];
}

const called = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } };
const chatAnswer = (message: JsonObject) => ({
  choices: [{ message: { content: null, tool_calls: [called], ...message }, finish_reason: 'tool_calls' }],
});
const DETAILS = [
  { type: 'reasoning.text', text: 'First.', signature: 'sig/1==', format: 'anthropic-claude-v1', index: 0 },
  { type: 'reasoning.encrypted', data: 'enc:1==', id: 'rs_1', format: 'google-gemini-v1', index: 1 },
];
const THINKING = [
  { type: 'thinking', thinking: 'First.', signature: 'sig/1==' },
  { type: 'redacted_thinking', data: 'red:1==' },
];
const ITEMS = [
  { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'First.' }], encrypted_content: 'enc/1==' },
];
const UPSTREAMS: Upstream[] = [
  {
    format: 'messages',
    what: 'Anthropic',
    model: 'claude-sonnet-4-5',
    answer: {
      content: [...THINKING, { type: 'tool_use', id: 'call_1', name: 'f', input: {} }],
      stop_reason: 'tool_use',
    },
    returned: THINKING,
  },
  {
    format: 'responses',
    what: 'OpenAI',
    model: 'gpt-5.2',
    answer: { output: [...ITEMS, { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' }] },
    returned: ITEMS,
  },
  {
    format: 'chat',
    what: 'OpenRouter',
    model: 'anthropic/claude-sonnet-4.5',
    server: 'openrouter.ai',
    answer: chatAnswer({ reasoning_details: DETAILS }),
    returned: DETAILS,
  },
  {
    format: 'chat',
    what: 'DeepSeek',
    model: 'deepseek-chat',
    answer: chatAnswer({ reasoning_content: 'First.' }),
    returned: [{ reasoning_content: 'First.' }],
  },
];

/** What a client of each format gives back of an answer, with the result of the tool. */
const GIVEN_BACK: Record<FormatName, (answer: JsonObject) => JsonObject> = {
  chat: ({ choices }) => ({
    messages: [
      { role: 'user', content: 'Hi' },
      (choices as [{ message: JsonObject }])[0].message,
      { role: 'tool', tool_call_id: 'call_1', content: 'done' },
    ],
  }),
  responses: ({ output }) => ({
    input: [
      { role: 'user', content: 'Hi' },
      ...(output as JsonObject[]),
      { type: 'function_call_output', call_id: 'call_1', output: 'done' },
    ],
  }),
  messages: ({ content }) => ({
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'done' }] },
    ],
  }),
};
const HEAD = { id: '1', created: 1, model: 'm', body: {} };

/** What the upstream gets when the client has given an answer back. */
function nextRequest(client: FormatName, parts: readonly StreamPart[], to: Upstream): JsonObject {
  const answer = FORMATS[client].writeAnswer(HEAD, parts) as JsonObject;
  const body = { ...LEAST[client], ...GIVEN_BACK[client](JSON.parse(JSON.stringify(answer))) };
  return FORMATS[to.format].writeRequest(FORMATS[client].readRequest(body), {
    provider: 'p',
    model: to.model,
    stream: true,
    ...(to.server === undefined ? {} : { server: to.server }),
  }).body;
}

const others = UPSTREAMS.flatMap((upstream) =>
  NAMES.filter((client) => client !== upstream.format).map((client) => ({ client, upstream, what: upstream.what })),
);

describe.each(others)('a client of $client gives back to $what', ({ client, upstream }) => {
  it('the reasoning that it made, as it was', () => {
    const parts = FORMATS[upstream.format].readAnswer(upstream.answer);
    const body = nextRequest(client, parts, upstream);
    for (const piece of upstream.returned) expect(contains(body, piece), JSON.stringify(body)).toBe(true);
  });

  it('nothing that another one sealed', () => {
    for (const source of UPSTREAMS.filter((each) => each !== upstream)) {
      const parts = FORMATS[source.format].readAnswer(source.answer);
      const body = JSON.stringify(nextRequest(client, parts, { ...upstream, server: 'groq.test' }));
      expect(body).toContain('call_1');
      expect(body).not.toMatch(/sig\/1|red:1|enc[:/]1|weir:/);
    }
  });
});

describe('reasoning without a seal', () => {
  const plain: StreamPart[] = [
    { type: 'reasoning', text: 'Hm.' },
    { type: 'tool_call', index: 0, id: 'call_1', name: 'f' },
    { type: 'finish', reason: 'tool_calls' },
  ];
  const sealed = (seal: ReasoningSeal): StreamPart[] => [
    plain[0] as StreamPart,
    { type: 'reasoning_seal', seal },
    ...plain.slice(1),
  ];

  it.each(['chat', 'responses'] as const)('of %s is no thinking of Anthropic, and no item of OpenAI', (client) => {
    for (const upstream of UPSTREAMS.slice(0, 2))
      expect(JSON.stringify(nextRequest(client, plain, upstream))).not.toContain('Hm.');
  });

  it('is what DeepSeek gets for the words of another model, too: it refuses calls without any', () => {
    const deepseek = UPSTREAMS[3] as Upstream;
    expect(
      contains(nextRequest('messages', sealed({ kind: 'signature', data: 's' }), deepseek), {
        reasoning_content: 'Hm.',
      }),
    ).toBe(true);
    expect(contains(nextRequest('messages', plain.slice(1), deepseek), { reasoning_content: ' ' })).toBe(true);
  });

  it('does not end a message: nothing follows it', () => {
    const cut = sealed({ kind: 'signature', data: 's' }).filter(({ type }) => type !== 'tool_call');
    const answer = FORMATS.chat.writeAnswer(HEAD, cut) as { choices: [{ message: JsonObject }] };
    const messages = [{ role: 'user', content: 'Hi' }, answer.choices[0].message, { role: 'user', content: 'Go on' }];
    const { body } = FORMATS.messages.writeRequest(FORMATS.chat.readRequest({ model: 'm', messages }), {
      provider: 'p',
      model: 'claude-opus-5',
      stream: true,
    });
    expect(JSON.stringify(body)).not.toContain('thinking');
  });
});

/** Whether an object with these members stands anywhere in a value. */
function contains(value: unknown, members: JsonObject): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const isIt = Object.entries(members).every(
    ([name, each]) => JSON.stringify((value as JsonObject)[name]) === JSON.stringify(each),
  );
  return isIt || Object.values(value).some((inner) => contains(inner, members));
}
