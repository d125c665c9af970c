import { describe, expect, it } from 'vitest';
import { WeirError } from '../../../../src/formats/error_code.ts';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { type FormatName, translated } from './translate.ts';

const part = (content: JsonObject) => ({ messages: [{ role: 'user', content: [content] }] });
const item = (content: JsonObject) => ({ input: [{ role: 'user', content: [content] }] });

/** What would change the answer: [format, body, format of the upstream, the field that is named]. */
const REFUSED: [FormatName, JsonObject, FormatName, string][] = [
  ['chat', { n: 2 }, 'messages', 'n'],
  ['chat', { logprobs: true }, 'responses', 'logprobs'],
  ['chat', { frequency_penalty: 0.5 }, 'messages', 'frequency_penalty'],
  ['chat', { logit_bias: { 50: -100 } }, 'messages', 'logit_bias'],
  ['chat', { modalities: ['text', 'audio'], audio: { voice: 'alloy' } }, 'messages', 'modalities, audio'],
  ['chat', { web_search_options: {} }, 'responses', 'web_search_options'],
  ['chat', { stop: ['END'] }, 'responses', 'stop'],
  ['chat', { stop: ['\n'] }, 'messages', 'stop'],
  ['chat', { temperature: 1.5 }, 'messages', 'temperature'],
  ['chat', { tools: [{ type: 'custom', custom: { name: 'f' } }] }, 'responses', 'tools.0'],
  ['chat', { tool_choice: { type: 'function', function: { name: 'f' } } }, 'messages', 'tool_choice'],
  [
    'chat',
    { messages: [{ role: 'system', content: [{ type: 'image_url', image_url: 'https://weir.test/a.png' }] }] },
    'messages',
    'messages.0.content.0',
  ],
  ['chat', { something_new: 1 }, 'messages', 'something_new'],
  ['chat', part({ type: 'input_audio', input_audio: {} }), 'messages', 'messages.0.content.0'],
  ['chat', part({ type: 'file', file: { file_id: 'file-1' } }), 'messages', 'messages.0.content.0'],
  ['chat', { messages: [{ role: 'assistant', audio: { id: 'a' } }] }, 'messages', 'messages.0.audio'],
  ['responses', { previous_response_id: 'resp_1' }, 'chat', 'previous_response_id'],
  ['responses', { conversation: 'conv_1' }, 'messages', 'conversation'],
  ['responses', { truncation: 'auto' }, 'chat', 'truncation'],
  ['responses', { include: ['message.output_text.logprobs'] }, 'chat', 'include'],
  ['responses', { prompt: { id: 'p' } }, 'chat', 'prompt'],
  ['responses', { tools: [{ type: 'web_search' }] }, 'chat', 'tools.0'],
  ['responses', { tools: [{ type: 'function', name: 'f' }, { type: 'file_search' }] }, 'messages', 'tools.1'],
  [
    'responses',
    { tool_choice: { type: 'web_search' }, tools: [{ type: 'web_search' }] },
    'chat',
    'tools.0, tool_choice',
  ],
  ['responses', { input: [{ type: 'item_reference', id: 'msg_1' }] }, 'chat', 'input.0'],
  ['responses', item({ type: 'input_image', file_id: 'file-1' }), 'messages', 'input.0.content.0'],
  ['responses', item({ type: 'input_file', file_url: 'https://weir.test/a.pdf' }), 'chat', 'input.0.content.0'],
  ['messages', { stop_sequences: ['END'] }, 'responses', 'stop_sequences'],
  ['messages', { mcp_servers: [{ url: 'https://weir.test' }] }, 'chat', 'mcp_servers'],
  ['messages', { container: 'c' }, 'chat', 'container'],
  ['messages', { inference_geo: 'eu' }, 'chat', 'inference_geo'],
  ['messages', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'chat', 'tools.0'],
  [
    'messages',
    {
      tools: [
        { name: 'f', input_schema: { type: 'object' } },
        { type: 'web_search_20250305', name: 'web_search' },
      ],
      tool_choice: { type: 'tool', name: 'web_search' },
    },
    'chat',
    'tool_choice',
  ],
  ['messages', part({ type: 'image', source: { type: 'file', file_id: 'f' } }), 'responses', 'messages.0.content.0'],
  ['messages', part({ type: 'container_upload', file_id: 'f' }), 'chat', 'messages.0.content.0'],
];

describe('what would change the answer is refused, by name', () => {
  it.each(REFUSED)('%s %j in %s', (from, more, to, fields) => {
    const error = thrownBy(() => translated(from, more, to, { provider: 'acme' }));
    expect(error.code).toBe('validation_error');
    expect((error.details.fields as { field: string }[]).map(({ field }) => field).join(', ')).toBe(fields);
    expect(error.message).toContain('"acme"');
  });
});

it('says what to do where answers are stored elsewhere', () => {
  const { message } = thrownBy(() => translated('responses', { previous_response_id: 'r' }, 'chat'));
  expect(message).toBe(
    'Provider "other" can\'t take this request. "previous_response_id": answers are not stored for this provider; send the whole conversation in "input".',
  );
});

it('names so many of them as can be read', () => {
  const many = Array.from({ length: 5000 }, () => ({ type: 'input_audio' }));
  const odd = { ['x'.repeat(1e6)]: 1, messages: [{ role: 'user', content: many }] };
  const { message, details } = thrownBy(() => translated('chat', odd, 'messages'));
  expect(message).toMatch(/And 4996 more\.$/);
  expect(JSON.stringify(details).length).toBeLessThan(20_000);
});

/** Values that ask for what every provider does anyway. */
const ASKS_NOTHING: [FormatName, JsonObject][] = [
  ['chat', { n: 1, logprobs: false, frequency_penalty: 0, presence_penalty: 0, logit_bias: {}, store: false }],
  ['chat', { modalities: ['text'], service_tier: 'auto', stream_options: { include_usage: true }, stop: null }],
  ['responses', { store: false, background: false, truncation: 'disabled', include: ['reasoning.encrypted_content'] }],
  ['messages', { mcp_servers: [], speed: 'standard', service_tier: 'auto', stop_sequences: [] }],
];

it.each(ASKS_NOTHING)('%s %j asks for nothing that others have not', (from, more) => {
  for (const to of ['chat', 'responses', 'messages'] as const) expect(translated(from, more, to).dropped).toEqual([]);
});

/** Harmless: [format, body, format of the upstream, the fields that are named]. */
const DROPPED: [FormatName, JsonObject, FormatName, string[]][] = [
  ['chat', { seed: 1, top_k: 5 }, 'responses', ['top_k', 'seed']],
  ['chat', { store: true, prediction: { type: 'content', content: 'x' } }, 'messages', ['store', 'prediction']],
  ['chat', { metadata: { a: 'b' }, verbosity: 'low' }, 'messages', ['verbosity', 'metadata']],
  ['chat', { messages: [{ role: 'user', content: 'Hi', name: 'ada' }] }, 'messages', ['messages.0.name']],
  ['chat', { service_tier: 'flex' }, 'messages', ['service_tier']],
  ['responses', { store: true, context_management: [] }, 'chat', ['store', 'context_management']],
  ['responses', { include: ['web_search_call.action.sources'] }, 'messages', ['include']],
  ['responses', { tools: [{ type: 'function', name: 'f' }, { type: 'web_search' }] }, 'chat', ['tools.1']],
  ['messages', { cache_control: { type: 'ephemeral' }, speed: 'fast' }, 'chat', ['cache_control', 'speed']],
  ['messages', { context_management: { edits: [] } }, 'responses', ['context_management']],
  ['messages', { metadata: { user_id: 'u'.repeat(65) } }, 'chat', ['metadata.user_id']],
];

it.each(DROPPED)('%s %j in %s leaves out what is harmless, by name', (from, more, to, fields) => {
  expect(translated(from, more, to).dropped).toEqual(fields);
});

/** What only OpenAI's own models are known to take is left out for others: a strict server refuses the whole for it. */
it("does not send what is OpenAI's own to other servers of chat completions", () => {
  const asked = { text: { verbosity: 'low' }, prompt_cache_key: 'k', user: 'u' };
  const { body, dropped } = translated('responses', asked, 'chat', { model: 'llama-4' });
  expect(dropped).toEqual(['text.verbosity', 'user', 'prompt_cache_key']);
  expect(Object.keys(body).sort()).toEqual(['messages', 'model', 'stream', 'stream_options']);
});

function thrownBy(act: () => unknown): WeirError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof WeirError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}
