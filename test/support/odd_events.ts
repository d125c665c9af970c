import fc from 'fast-check';

/** What JSON can say and JavaScript can't, or would write otherwise; put into the text in place of its name. */
const SPELLED: Record<string, string> = { '@infinite': '1e400', '@half': '"\\ud83d"', '@zero': '-0', '@long': '1e21' };

/** A value of this shape, or now and then of any other. */
function odd<T>(shape: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: shape }, { weight: 1, arbitrary: anything });
}

/** An object with these members, some of them missing. */
function some(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  return fc.record(members, { requiredKeys: [] });
}

const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1.5, '', 'text', [], {}, [null], [[]], ...Object.keys(SPELLED)),
  fc.jsonValue({ maxDepth: 3 }),
);

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('[DONE]', '"delta":{"content":"', '\n\ndata: null\n\n', 'event: error', '"finish_reason":null', '\\'),
);
const part = some({ type: odd(fc.constantFrom('text', 'thinking', 'image_url')), text: odd(text) });
const content = fc.oneof({ weight: 8, arbitrary: text }, fc.array(odd(part), { maxLength: 3 }), fc.constant(null));
const count = odd(fc.nat(1000));

/** Usage, in the words of either protocol. */
const usage = some({ prompt_tokens: count, completion_tokens: count, input_tokens: count, output_tokens: count });

const toolCall = some({
  index: odd(fc.constantFrom(0, 0, 1)),
  id: odd(text),
  function: odd(some({ name: odd(text), arguments: anything })),
});
const delta = some({
  content: odd(content),
  role: odd(fc.constant('assistant')),
  reasoning_content: odd(text),
  refusal: odd(text),
  tool_calls: odd(fc.array(odd(toolCall), { maxLength: 2 })),
  reasoning_details: odd(fc.array(odd(some({ type: odd(text), text: odd(text), signature: odd(text) })))),
});
const choice = some({
  index: odd(fc.constantFrom(0, 0, 0, 1)),
  delta: odd(delta),
  message: odd(some({ role: odd(fc.constant('assistant')), content: odd(content) })),
  finish_reason: odd(fc.constantFrom(null, null, null, 'stop', 'length', '')),
});
const error = some({ message: odd(text), type: odd(fc.constant('server_error')), code: anything });

const chatChunk = some({
  id: odd(fc.constant('chatcmpl-1')),
  debug: fc.constant({ delta: { content: 'nested' } }),
  choices: odd(fc.array(odd(choice), { maxLength: 2 })),
  usage: odd(fc.oneof(fc.constant(null), usage)),
});
const plainChunk = text.map((content) => ({
  id: 'x',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
}));

const response = some({
  id: odd(fc.constantFrom('resp_1', 'resp_2')),
  status: odd(fc.constantFrom('completed', 'incomplete', 'failed')),
  incomplete_details: odd(some({ reason: odd(fc.constantFrom('max_output_tokens', 'content_filter')) })),
  error: odd(fc.constant(null)),
  usage: odd(usage),
});
const responsesEvent = some({
  type: odd(
    fc.constantFrom(
      ...['response.created', 'response.output_text.delta', 'response.output_text.delta', 'response.in_progress'],
      ...['response.output_item.added', 'response.output_item.done', 'response.refusal.delta'],
      ...['response.function_call_arguments.delta', 'response.reasoning_summary_text.delta'],
      ...['response.completed', 'response.incomplete', 'response.failed', 'error'],
    ),
  ),
  delta: odd(text),
  output_index: odd(fc.constantFrom(0, 0, 1)),
  item: odd(
    some({
      type: odd(fc.constantFrom('message', 'reasoning', 'function_call')),
      call_id: odd(text),
      name: odd(text),
      arguments: odd(text),
      content: odd(fc.array(odd(some({ type: odd(fc.constant('output_text')), text: odd(text) })), { maxLength: 2 })),
      encrypted_content: odd(text),
    }),
  ),
  response: odd(response),
});

const messagesEvent = some({
  type: odd(
    fc.constantFrom(
      ...[
        'message_start',
        'content_block_start',
        'content_block_start',
        'content_block_delta',
        'content_block_delta',
        'content_block_stop',
        'ping',
        'message_delta',
        'message_stop',
        'error',
      ],
    ),
  ),
  message: odd(some({ id: odd(text), usage: odd(usage) })),
  index: odd(fc.constantFrom(0, 0, 1)),
  content_block: odd(
    some({
      type: odd(fc.constantFrom('text', 'thinking', 'redacted_thinking', 'tool_use', 'server_tool_use')),
      id: odd(text),
      name: odd(text),
      text: odd(text),
      thinking: odd(text),
      data: odd(text),
      input: anything,
    }),
  ),
  delta: odd(
    some({
      type: odd(fc.constantFrom('text_delta', 'text_delta', 'thinking_delta', 'signature_delta', 'input_json_delta')),
      text: odd(text),
      thinking: odd(text),
      signature: odd(text),
      partial_json: odd(text),
      stop_reason: odd(fc.constantFrom('end_turn', 'max_tokens')),
    }),
  ),
  usage: odd(usage),
});

const failure = fc.record({ error: odd(error) });

/** The data of an event, as text: JSON nearly always, and nearly of the protocol. */
const asData = (event: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 30, arbitrary: event.map(spelled) },
    { weight: 2, arbitrary: anything.map(spelled) },
    { weight: 1, arbitrary: event.map((value) => spelled(value).slice(0, -2)) },
    { weight: 1, arbitrary: failure.map(spelled) },
    { weight: 1, arbitrary: fc.constantFrom('', ' ', '[DONE]', '[DONE] ', 'undefined', 'NaN') },
  );

function spelled(value: unknown): string {
  let json = JSON.stringify(value) ?? 'null';
  for (const [name, spelling] of Object.entries(SPELLED)) json = json.replaceAll(`"${name}"`, spelling);
  return json;
}

/** The data of one event, by the protocol that a stream speaks. */
export const ODD_DATA = {
  chat: asData(fc.oneof({ weight: 3, arbitrary: plainChunk }, chatChunk)),
  responses: asData(responsesEvent),
  messages: asData(messagesEvent),
} satisfies Record<string, fc.Arbitrary<string>>;

/** A whole answer, in any of the protocols. */
export const ODD_WHOLES: fc.Arbitrary<string> = asData(
  fc.oneof(chatChunk, response, some({ object: fc.constant('list'), usage: odd(usage), data: anything }), failure),
);

/** How an event of this data is framed. */
export const ODD_FRAME = fc.constantFrom<(data: string) => string>(
  ...Array(6).fill((data: string) => `data: ${data}\n\n`),
  (data) => `data:${data}\r\n\r\n`,
  (data) => `event: x\rid: 1\rdata: ${data}\r\r`,
  (data) => `: comment\n\nretry: 5\ndata: ${data}\n\n`,
  (data) => `data: ${data.replace(',', ',\ndata: ')}\n\n`,
  (data) => `data\ndata: ${data}\n\n`,
);

/** The bytes of a stream: framed events, with an end of their protocol or without one. */
export function oddStream(protocol: keyof typeof ODD_DATA): fc.Arbitrary<string> {
  const event = fc.tuple(ODD_DATA[protocol], ODD_FRAME).map(([data, frame]) => frame(data));
  const end = fc.constantFrom('', END[protocol], END[protocol], 'data: {"choi');
  return fc.tuple(fc.array(event, { maxLength: 8 }), end).map(([events, last]) => events.join('') + last);
}

const END = {
  chat: 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
  responses: 'event: response.completed\ndata: {"type":"response.completed","response":{"status":"completed"}}\n\n',
  messages: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
};

/** Cuts a text at the places that the numbers (0 to 1) stand for. */
export function cutAt(text: string, places: readonly number[]): string[] {
  const sorted = places.map((place) => Math.floor(place * text.length)).sort((a, b) => a - b);
  return [0, ...sorted].map((start, at) => text.slice(start, sorted[at] ?? text.length));
}

export const PLACES = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });
