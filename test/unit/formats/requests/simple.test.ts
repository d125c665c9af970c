import { describe, expect, it } from 'vitest';
import { chatFormat } from '../../../../src/formats/chat/chat_format.ts';
import { messagesFormat } from '../../../../src/formats/messages/messages_format.ts';
import { responsesFormat } from '../../../../src/formats/responses/responses_format.ts';
import { readWeirRequest } from '../../../../src/formats/weir/read_weir_request.ts';

const TO = { provider: 'other', model: 'm', stream: true };
const parameters = { type: 'object', properties: { city: { type: 'string' } } };

const CHAT = {
  model: 'm',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Weather?' },
  ],
  stream: true,
  stream_options: { include_usage: true },
  max_tokens: 50,
  temperature: 0.5,
  tools: [{ type: 'function', function: { name: 'weather', description: 'd', parameters } }],
  tool_choice: 'required',
};
const RESPONSES = {
  model: 'm',
  input: [
    { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Be brief.' }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] },
  ],
  stream: true,
  max_output_tokens: 50,
  temperature: 0.5,
  tools: [{ type: 'function', name: 'weather', description: 'd', parameters, strict: false }],
  tool_choice: 'required',
};
const MESSAGES = {
  model: 'm',
  system: [{ type: 'text', text: 'Be brief.' }],
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Weather?' }] }],
  stream: true,
  max_tokens: 50,
  temperature: 0.5,
  tools: [{ name: 'weather', description: 'd', input_schema: parameters }],
  tool_choice: { type: 'any' },
};

const FORMATS = [
  ['chat', chatFormat, CHAT],
  ['responses', responsesFormat, RESPONSES],
  ['messages', messagesFormat, MESSAGES],
] as const;

describe.each(FORMATS)('a request of %s', (_, from, body) => {
  it.each(FORMATS)('is the same request in %s', (_, to, expected) => {
    expect(to.writeRequest(from.readRequest(body), TO)).toMatchObject({ body: expected, dropped: [] });
  });
});

it("a request of Weir's own is one of chat, with members that only chat has", () => {
  const said = { role: 'user' as const, content: 'Hi', name: 'ada' };
  const asked = { messages: [said], model: 'm', resumable: false, max_tokens: 5 };
  expect(chatFormat.writeRequest(readWeirRequest(asked), TO).body).toEqual({
    model: 'm',
    messages: [said],
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 5,
  });
});
