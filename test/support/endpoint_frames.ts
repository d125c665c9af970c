import { TOOL_CALL } from './chat_frames.ts';
import type { MockRequest } from './mock_openai.ts';
import { chunkFrame, DONE_FRAME, FAULT_MODELS, type MockStep, ROLE_FRAME, SSE_HEADERS } from './openai_frames.ts';

const named = (type: string, data: Record<string, unknown>) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

const RESPONSE = { id: 'resp_1', object: 'response', created_at: 1764000000, model: 'mock', parallel_tool_calls: true };
const MESSAGE = { id: 'msg_1', type: 'message', role: 'assistant', model: 'mock' };
const text = { type: 'output_text', text: 'Grüße 🌉', annotations: [] };
const output = [{ id: 'item_1', type: 'message', role: 'assistant', status: 'completed', content: [text] }];
const usage = { input_tokens: 7, output_tokens: 2, total_tokens: 9 };
const place = { item_id: 'item_1', output_index: 0, content_index: 0 };
const added = { ...output[0], status: 'in_progress', content: [] };
const part = { ...text, text: '' };

/** Streams of the protocols that are passed on and nothing else; each ends with its own terminal. */
export const ENDPOINT_STREAMS = {
  responses: [
    named('response.created', { response: { ...RESPONSE, status: 'in_progress', output: [] }, sequence_number: 0 }),
    named('response.output_item.added', { output_index: 0, item: added, sequence_number: 1 }),
    named('response.content_part.added', { ...place, part, sequence_number: 2 }),
    named('response.output_text.delta', { ...place, delta: 'Grüße ', logprobs: [], sequence_number: 3 }),
    named('response.output_text.delta', { ...place, delta: '🌉', logprobs: [], sequence_number: 4 }),
    named('response.output_text.done', { ...place, text: 'Grüße 🌉', sequence_number: 5 }),
    named('response.completed', { response: { ...RESPONSE, status: 'completed', output, usage }, sequence_number: 6 }),
  ].join(''),
  messages: [
    named('message_start', { message: { ...MESSAGE, content: [], usage: { input_tokens: 7, output_tokens: 1 } } }),
    named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    named('ping', {}),
    named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Grüße ' } }),
    named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: '🌉' } }),
    named('content_block_stop', { index: 0 }),
    named('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 2 } }),
    named('message_stop', {}),
  ].join(''),
};

const stopped = { stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 7, output_tokens: 2 } };

/** The same answers, whole. */
export const ENDPOINT_WHOLES = {
  responses: { ...RESPONSE, status: 'completed', output, usage },
  messages: { ...MESSAGE, content: [{ type: 'text', text: 'Grüße 🌉' }], ...stopped },
  count_tokens: { input_tokens: 14 },
  embeddings: { object: 'list', model: 'mock', data: [{ object: 'embedding', index: 0, embedding: [0.5, -0.25] }] },
};

const head: MockStep = { head: 200, headers: SSE_HEADERS };
const jsonHead: MockStep = { head: 200, headers: { 'content-type': 'application/json' } };

/** A stream that says its words slowly, and never ends: for clients that leave. */
const ENDLESS: MockStep[] = [
  head,
  { write: ROLE_FRAME },
  ...Array.from({ length: 3 }, () => ({ write: chunkFrame({ content: 'word ' }) })),
  { hang: true },
];

const CHAT: Record<string, readonly MockStep[]> = {
  'mock-tool': [head, { write: TOOL_CALL }],
  'mock-endless': ENDLESS,
  'mock-hi': [head, { write: ROLE_FRAME + chunkFrame({ content: 'Hi.' }) + chunkFrame({}, 'stop') + DONE_FRAME }],
};

/** Answers by path and model; `mock-cut` breaks off before the terminal, names of faults do what they say. */
export function endpointScript({ path, body }: MockRequest): readonly MockStep[] | undefined {
  const model = body.model ?? '';
  const fault = FAULT_MODELS[model];
  if (fault) return fault;
  const [name] = /(responses|messages|embeddings|count_tokens)$/.exec(path) ?? [];
  if (name === undefined) return CHAT[model];
  if (body.stream !== true)
    return [jsonHead, { write: JSON.stringify(ENDPOINT_WHOLES[name as keyof typeof ENDPOINT_WHOLES]) }];
  const frames = ENDPOINT_STREAMS[name as keyof typeof ENDPOINT_STREAMS];
  if (model !== 'mock-cut') return [head, { write: frames }];
  return [head, { write: frames.slice(0, frames.lastIndexOf('event: ')) }];
}
