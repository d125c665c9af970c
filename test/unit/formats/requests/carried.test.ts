import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { type FormatName, MODELS, NAMES, translated } from './translate.ts';

/** The same request in each format that can say it; where a format writes it unlike it reads it, `written` is that. */
interface Row {
  what: string;
  chat?: JsonObject;
  responses?: JsonObject;
  messages?: JsonObject;
  written?: Partial<Record<FormatName, JsonObject>>;
  /** Instead of those that take the most. */
  models?: Partial<Record<FormatName, string>>;
  dropped?: Partial<Record<`${FormatName}>${FormatName}`, string[]>>;
}

const parameters = { type: 'object', properties: { city: { type: 'string' } } };
const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const tools: Required<Pick<Row, FormatName>> = {
  chat: { tools: [{ type: 'function', function: { name: 'weather', description: 'd', parameters } }] },
  responses: { tools: [{ type: 'function', name: 'weather', description: 'd', parameters, strict: false }] },
  messages: { tools: [{ name: 'weather', description: 'd', input_schema: parameters }] },
};
const choice = (chat: unknown, responses: unknown, messages: unknown) => ({
  chat: { ...tools.chat, tool_choice: chat },
  responses: { ...tools.responses, tool_choice: responses },
  messages: { ...tools.messages, tool_choice: messages },
});
const user = (content: unknown) => [{ role: 'user', content }];
const PNG = 'data:image/png;base64,iVBORw0=';
const PDF = 'data:application/pdf;base64,JVBERi0=';

const ROWS: Row[] = [
  {
    what: 'what is said, by everybody',
    chat: {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: 'Weather?' },
      ],
    },
    responses: {
      input: [
        { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Be brief.' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] },
      ],
    },
    messages: {
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'Hello' }] },
        { role: 'user', content: [{ type: 'text', text: 'Weather?' }] },
      ],
    },
  },
  {
    what: 'a limit of tokens',
    chat: { max_completion_tokens: 50 },
    responses: { max_output_tokens: 50 },
    messages: { max_tokens: 50 },
  },
  { what: 'temperature', chat: { temperature: 0.5 }, responses: { temperature: 0.5 }, messages: { temperature: 0.5 } },
  { what: 'top_p', chat: { top_p: 0.5 }, responses: { top_p: 0.5 }, messages: { top_p: 0.5 } },
  {
    what: 'stop sequences',
    chat: { stop: ['END'] },
    messages: { stop_sequences: ['END'] },
    models: { chat: 'gpt-4.1' },
  },
  { what: 'tools', ...tools },
  { what: 'a free choice of tools', ...choice('auto', 'auto', { type: 'auto' }) },
  { what: 'no tool', ...choice('none', 'none', { type: 'none' }) },
  { what: 'any tool', ...choice('required', 'required', { type: 'any' }) },
  {
    what: 'one tool',
    ...choice(
      { type: 'function', function: { name: 'weather' } },
      { type: 'function', name: 'weather' },
      { type: 'tool', name: 'weather' },
    ),
  },
  {
    what: 'one tool at a time',
    chat: { ...tools.chat, parallel_tool_calls: false },
    responses: { ...tools.responses, parallel_tool_calls: false },
    messages: { ...tools.messages, tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
  },
  {
    what: 'calls and their results',
    chat: {
      messages: [
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: 'I look.',
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } },
            { id: 'b', type: 'function', function: { name: 'weather', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'a', content: 'rain' },
        { role: 'tool', tool_call_id: 'b', content: 'sun' },
        { role: 'user', content: 'And?' },
      ],
    },
    responses: {
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
        { type: 'function_call', call_id: 'a', name: 'weather', arguments: '{"city":"Bonn"}' },
        { type: 'function_call', call_id: 'b', name: 'weather', arguments: '{}' },
        { type: 'function_call_output', call_id: 'a', output: 'rain' },
        { type: 'function_call_output', call_id: 'b', output: 'sun' },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'And?' }] },
      ],
    },
    messages: {
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Weather?' }] },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Bonn' } },
            { type: 'tool_use', id: 'b', name: 'weather', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'rain' }] },
            { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'sun' }] },
            { type: 'text', text: 'And?' },
          ],
        },
      ],
    },
  },
  {
    what: 'images as data and by address',
    chat: {
      messages: user([
        { type: 'text', text: 'Look' },
        { type: 'image_url', image_url: { url: PNG } },
        { type: 'image_url', image_url: { url: 'https://weir.test/cat.png' } },
      ]),
    },
    responses: {
      input: [
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look' },
            { type: 'input_image', image_url: PNG },
            { type: 'input_image', image_url: 'https://weir.test/cat.png' },
          ],
        },
      ],
    },
    messages: {
      messages: user([
        { type: 'text', text: 'Look' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0=' } },
        { type: 'image', source: { type: 'url', url: 'https://weir.test/cat.png' } },
      ]),
    },
  },
  {
    what: 'a file',
    chat: { messages: user([{ type: 'file', file: { file_data: PDF, filename: 'a.pdf' } }]) },
    responses: {
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_file', file_data: PDF, filename: 'a.pdf' }] }],
    },
    messages: {
      messages: user([
        {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
          title: 'a.pdf',
        },
      ]),
    },
  },
  {
    what: 'an answer by a schema',
    chat: { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } } },
    responses: { text: { format: { type: 'json_schema', name: 'answer', schema, strict: true } } },
    messages: { output_config: { format: { type: 'json_schema', schema } } },
  },
  {
    what: 'an answer in JSON',
    chat: { response_format: { type: 'json_object' } },
    responses: { text: { format: { type: 'json_object' } } },
    written: { messages: { system: [{ type: 'text', text: 'Answer with one JSON object and nothing else.' }] } },
    dropped: { 'chat>messages': ['response_format'], 'responses>messages': ['text.format'] },
  },
  { what: 'how much to say', chat: { verbosity: 'low' }, responses: { text: { verbosity: 'low' } } },
  { what: 'who asks', chat: { user: 'u1' }, responses: { user: 'u1' }, messages: { metadata: { user_id: 'u1' } } },
  { what: 'metadata', chat: { metadata: { run: '1' } }, responses: { metadata: { run: '1' } } },
  {
    what: 'the usual tier of service',
    chat: { service_tier: 'default' },
    responses: { service_tier: 'default' },
    messages: { service_tier: 'standard_only' },
  },
  { what: 'a key for the cache', chat: { prompt_cache_key: 'k' }, responses: { prompt_cache_key: 'k' } },
  {
    what: 'what a failed tool says',
    messages: {
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'weather', input: {} }] },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'a',
              content: [{ type: 'text', text: 'no such city' }],
              is_error: true,
            },
          ],
        },
      ],
    },
    written: {
      chat: {
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', tool_calls: [{ id: 'a' }] },
          {
            role: 'tool',
            tool_call_id: 'a',
            content: 'Error: no such city',
          },
        ],
      },
      responses: {
        input: [
          { role: 'user' },
          { type: 'function_call', call_id: 'a' },
          {
            type: 'function_call_output',
            call_id: 'a',
            output: 'Error: no such city',
          },
        ],
      },
    },
  },
];

describe.each(ROWS)('$what', (row) => {
  const sources = NAMES.filter((name) => row[name] !== undefined);
  const pairs = sources.flatMap((from) => NAMES.map((to) => [from, to] as const));
  it.each(pairs.filter(([, to]) => row.written?.[to] ?? row[to]))('%s in %s', (from, to) => {
    const { body, dropped } = translated(from, row[from] as JsonObject, to, {
      model: row.models?.[to] ?? MODELS[to],
    });
    expect(body).toMatchObject((row.written?.[to] ?? row[to]) as JsonObject);
    expect(dropped).toEqual(row.dropped?.[`${from}>${to}`] ?? []);
  });
});
