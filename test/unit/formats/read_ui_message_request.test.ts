import { convertToModelMessages, type ModelMessage, type UIMessage } from 'ai';
import { describe, expect, it } from 'vitest';
import type { Message, MessagePart } from '../../../src/formats/generation_request.ts';
import { readUiMessageRequest } from '../../../src/formats/ui_message/read_ui_message_request.ts';

const user = (text: string): UIMessage => ({ id: 'u', role: 'user', parts: [{ type: 'text', text }] });
const PNG = 'data:image/png;base64,iVBORw0KGgo=';

/** Conversations as `useChat` sends them. */
const CONVERSATIONS: Record<string, UIMessage[]> = {
  text: [{ id: 's', role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] }, user('Hi'), user('there')],
  files: [
    {
      id: 'u',
      role: 'user',
      parts: [
        { type: 'text', text: 'What is it?' },
        { type: 'file', mediaType: 'image/png', url: PNG },
        { type: 'file', mediaType: 'application/pdf', url: 'https://example.com/a.pdf', filename: 'a.pdf' },
        { type: 'data-place', data: { page: 1 } },
      ],
    },
  ],
  tools: [
    user('Weather?'),
    {
      id: 'a',
      role: 'assistant',
      metadata: { provider: 'p' },
      parts: [
        { type: 'step-start' },
        { type: 'reasoning', text: 'I look it up.' },
        { type: 'text', text: 'One moment.' },
        {
          type: 'tool-weather',
          toolCallId: 'c1',
          state: 'output-available',
          input: { city: 'Köln' },
          output: { c: 7 },
        },
        {
          type: 'dynamic-tool',
          toolName: 'now',
          toolCallId: 'c2',
          state: 'output-available',
          input: {},
          output: 'noon',
        },
        { type: 'tool-weather', toolCallId: 'c3', state: 'output-error', input: { city: '?' }, errorText: 'unknown' },
        { type: 'source-url', sourceId: '0', url: 'https://example.com', title: 'A' },
        { type: 'step-start' },
        { type: 'text', text: 'It is cold.' },
      ],
    },
    user('Thanks'),
  ],
  steering: [
    user('Write.'),
    {
      id: 'a',
      role: 'assistant',
      parts: [
        { type: 'text', text: 'I write.' },
        { type: 'steering-message', id: 'x', parts: [{ type: 'text', text: 'In verse!' }] },
        { type: 'text', text: 'I rhyme.' },
      ],
    },
    user('More'),
  ],
};

const read = (messages: readonly object[], more: object = {}) =>
  readUiMessageRequest({ model: 'm', id: 'c', messages, trigger: 'submit-message', ...more });

/** Both in one shape. */
function ours({ role, parts }: Message): unknown {
  return [role, parts.map(plain)];
}
function plain(part: MessagePart): unknown {
  if (part.type === 'image' || part.type === 'file') return ['file', part.url];
  if (part.type === 'tool_call') return ['call', part.id, part.name, JSON.parse(part.json)];
  if (part.type === 'tool_result') return ['result', part.id, part.failed, part.parts.map(plain)];
  return 'text' in part ? [part.type, part.text] : part;
}
function theirs({ role, content }: ModelMessage): unknown {
  if (typeof content === 'string') return [role, [['text', content]]];
  const parts = content.map((part) => {
    if (part.type === 'text' || part.type === 'reasoning') return [part.type, part.text];
    if (part.type === 'file') return ['file', String((part.data as { url: URL }).url)];
    if (part.type === 'tool-call') return ['call', part.toolCallId, part.toolName, part.input];
    if (part.type !== 'tool-result') return part;
    const { type, value } = part.output as { type: string; value: unknown };
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return ['result', part.toolCallId, type === 'error-text', [['text', text]]];
  });
  return [role, parts];
}

describe('UI messages', () => {
  it.each(Object.entries(CONVERSATIONS))('are read as the SDK converts them: %s', async (_, messages) => {
    const converted = await convertToModelMessages(messages);
    expect(read(messages).generation.messages.map(ours)).toEqual(converted.map(theirs));
  });

  it('keep the place of each file, and what kind it is', () => {
    const [said] = read(CONVERSATIONS.files as UIMessage[]).generation.messages;
    expect(said?.parts.slice(1)).toEqual([
      { type: 'image', at: 'messages.0.parts.1', url: PNG },
      { type: 'file', at: 'messages.0.parts.2', url: 'https://example.com/a.pdf', name: 'a.pdf' },
    ]);
    const file = { type: 'file', mediaType: 'application/pdf', url: '', providerReference: { anthropic: 'file_1' } };
    expect(read([{ role: 'user', parts: [file] }]).generation.messages[0]?.parts).toEqual([
      { type: 'file', at: 'messages.0.parts.0', id: 'file_1', owner: 'anthropic' },
    ]);
  });

  it.each(['input-streaming', 'input-available', 'approval-requested'])(
    'leave out a tool call without a result, as a stop leaves it: %s',
    (state) => {
      const call = { type: 'tool-weather', toolCallId: 'c1', state, input: { city: 'Köln' } };
      const stopped = { id: 'a', role: 'assistant', parts: [{ type: 'text', text: 'I look.' }, call] };
      const { messages } = read([user('Weather?'), stopped, user('Never mind')]).generation;
      expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
      expect(messages[1]?.parts).toEqual([{ type: 'text', text: 'I look.' }]);
    },
  );

  it('give a call that the user did not allow a result that says so', () => {
    const call = { type: 'tool-rm', toolCallId: 'c1', input: {}, approval: { id: 'x', approved: false } };
    for (const state of ['output-denied', 'approval-responded']) {
      const { messages } = read([user('Hi'), { role: 'assistant', parts: [{ ...call, state }] }]).generation;
      const parts = [{ type: 'text', text: 'The user did not allow this call.' }];
      expect(messages[2]?.parts).toEqual([{ type: 'tool_result', id: 'c1', parts, failed: true }]);
    }
  });

  it('give sealed reasoning back as it came', () => {
    const providerMetadata = { weir: { seal: 'weir:signature::c2ln' } };
    const parts = [
      { type: 'reasoning', text: 'I think.', providerMetadata },
      { type: 'text', text: 'So.' },
    ];
    expect(read([user('Hi'), { role: 'assistant', parts }]).generation.messages[1]?.parts).toEqual([
      { type: 'reasoning', text: 'I think.' },
      { type: 'reasoning_seal', seal: { kind: 'signature', data: 'c2ln' } },
      { type: 'text', text: 'So.' },
    ]);
  });

  it('of an answer that goes on name the message that it becomes a part of', () => {
    const said = { id: 'a7', role: 'assistant', parts: [{ type: 'text', text: 'Once' }] };
    expect(read([user('Hi'), said])).toMatchObject({ messageId: 'a7', chatId: 'c' });
    expect(read([user('Hi')], { messageId: 'a7' }).messageId).toBeUndefined();
    expect(read([user('Hi')], { id: undefined }).chatId).toBeUndefined();
  });

  it('come with the fields of chat completions, and with a page’s own', () => {
    const tools = [{ type: 'function', function: { name: 'now', parameters: { type: 'object' } } }];
    const more = { temperature: 0.5, max_tokens: 9, tools, tool_choice: 'auto', sessionId: 'x', n: 3 };
    const { generation } = read([user('Hi')], more);
    expect(generation).toMatchObject({
      model: 'm',
      stream: true,
      temperature: 0.5,
      maxTokens: 9,
      toolChoice: 'auto',
      tools: [{ name: 'now' }],
      unread: [],
      ignored: ['sessionId', 'n'],
    });
  });

  it.each<[string, object, RegExp]>([
    ['no messages', { messages: [] }, /messages/],
    ['a message without parts', { messages: [{ role: 'user', content: 'Hi' }] }, /messages\.0\.parts/],
    ['a part that is a text', { messages: [{ role: 'user', parts: ['Hi'] }] }, /messages\.0\.parts\.0/],
    ['a role of its own', { messages: [{ role: 'tool', parts: [] }] }, /messages\.0\.role/],
    ['nothing to read', { messages: [{ role: 'user', parts: [{ type: 'data-x', data: 1 }] }] }, /nothing that a model/],
    [
      'a file of the page',
      { messages: [{ role: 'user', parts: [{ type: 'file', mediaType: 'image/png', url: 'blob:x' }] }] },
      /messages\.0\.parts\.0\.url/,
    ],
    ['a chat that is named as a run', { id: 'run_1' }, /id/],
    ['a chat that is named as a folder', { id: '..' }, /id/],
    ['a chat with a long name', { id: 'x'.repeat(201) }, /id/],
    ['a temperature that is none', { temperature: 'warm' }, /temperature/],
  ])('are refused with the place of what is wrong: %s', (_, more, message) => {
    expect(() => read([user('Hi')], more)).toThrow(
      expect.objectContaining({ code: 'validation_error', message: expect.stringMatching(message) }),
    );
  });
});
