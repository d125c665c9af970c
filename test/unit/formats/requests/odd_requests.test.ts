import { describe, expect, it } from 'vitest';
import { WeirError } from '../../../../src/formats/error_code.ts';
import type { Message, MessagePart } from '../../../../src/formats/generation_request.ts';
import { sealText } from '../../../../src/formats/reasoning_seal.ts';
import { readWeirRequest } from '../../../../src/formats/weir/read_weir_request.ts';
import { streamRequestSchema } from '../../../../src/formats/weir/stream_request.ts';
import { FORMATS, type FormatName, LEAST, MODELS, translated } from './translate.ts';

describe('a message of very many parts', () => {
  const MANY = 130_000;

  it('joins the one before it', () => {
    const entries = [{ content: 'a' }, { content: Array(MANY).fill(1) }];
    const input = entries.map((entry) => ({ role: 'assistant', ...entry }));
    const { messages } = FORMATS.responses.readRequest({ model: 'm', input });
    expect(messages.map(({ parts }) => parts.length)).toEqual([MANY + 1]);
  });

  const written = (to: FormatName, messages: Message[]) =>
    FORMATS[to].writeRequest(
      { ...FORMATS.chat.readRequest(LEAST.chat), messages },
      { provider: 'p', model: MODELS[to], stream: true },
    ).body.messages as { content: unknown[] }[];

  it('is one turn with the one before it', () => {
    const parts = Array<MessagePart>(MANY).fill({ type: 'text', text: 'a' });
    const messages: Message[] = [
      { role: 'user', parts: parts.slice(-1) },
      { role: 'user', parts },
    ];
    expect(written('messages', messages)[0]?.content.length).toBe(MANY + 1);
  });

  it('may show as many images', () => {
    const parts = Array<MessagePart>(MANY).fill({ type: 'image', at: 'x', url: 'https://weir.test/a' });
    const results: Message = { role: 'tool', parts: [{ type: 'tool_result', id: 'a', parts, failed: false }] };
    expect(written('chat', [results]).at(-1)?.content.length).toBe(MANY + 1);
  });
});

it.each([
  ['chat', 'messages', 'messages.0'],
  ['responses', 'input', 'input'],
  ['messages', 'messages', 'messages.0'],
] as const)('a message of %s with very many members is not read', (format, list, field) => {
  const members = Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`k${at}`, 1]));
  const body = { ...LEAST[format], [list]: [{ role: 'user', content: 'Hi', ...members }] };
  expect(() => FORMATS[format].readRequest(body)).toThrow(`Not valid: ${field};`);
});

it('marks a seal whose id is half a character', () => {
  expect(sealText({ kind: 'encrypted', data: 'd', id: '\ud800' }, 'signature')).toBe('weir:encrypted:%EF%BF%BD:d');
});

describe('names that every object has', () => {
  it.each(['constructor', 'toString'])('are no effort: %s', (reasoning_effort) => {
    expect(translated('chat', { reasoning_effort }, 'messages').body.thinking).toEqual({
      type: 'enabled',
      budget_tokens: 4096,
    });
    expect(translated('chat', { reasoning_effort }, 'chat', { model: 'qwen3' }).body.reasoning_effort).toBe(
      reasoning_effort,
    );
  });

  it('are fields that are refused with a sentence', () => {
    expect(() => translated('chat', { constructor: 1 }, 'messages')).toThrow(WeirError);
    expect(() => translated('chat', { constructor: 1 }, 'messages')).toThrow(
      '"constructor": this provider has nothing',
    );
  });
});

describe('a request of /api/v1/stream', () => {
  const read = (messages: object[]) => readWeirRequest(streamRequestSchema.parse({ model: 'm', messages }));

  it.each([
    { role: 'user', content: 'Hi' },
    { role: 'developer', content: 'Be short.' },
    { role: 'assistant', content: null, refusal: 'No.' },
    { role: 'user', content: [{ type: 'text', text: 'Hi' }], name: 'ada' },
    { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] },
  ])('is read as one of chat: %j', (message) => {
    expect(read([message])).toEqual(FORMATS.chat.readRequest({ model: 'm', stream: true, messages: [message] }));
  });

  it('is refused for calls that are none', () => {
    expect(() => read([{ role: 'assistant', tool_calls: [{ function: 1 }] }])).toThrow('messages.0.tool_calls');
  });
});
