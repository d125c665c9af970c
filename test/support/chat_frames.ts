import { chunkFrame, DONE_FRAME, ROLE_FRAME, usageFrame } from './openai_frames.ts';

const raw = (choices: unknown, more: Record<string, unknown> = {}) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-mock', object: 'chat.completion.chunk', created: 1764000000, model: 'mock', ...more, choices })}\n\n`;

const tool = (delta: Record<string, unknown>) => chunkFrame({ tool_calls: [{ index: 0, ...delta }] });

/** A call of a tool, with its arguments in pieces as providers send them. */
export const TOOL_CALL = [
  chunkFrame({ role: 'assistant', content: null }),
  tool({ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }),
  ...['{"ci', 'ty":"Zü', 'rich","da', 'ta: [DONE]":"\\n\\n"}'].map((text) => tool({ function: { arguments: text } })),
  chunkFrame({}, 'tool_calls'),
  usageFrame(20, 9),
  DONE_FRAME,
].join('');

/** Answers that a relay could be tempted to read, to tidy up, or to take for ended. */
export const CHAT_ANSWERS: Record<string, string> = {
  'tool calls in pieces': TOOL_CALL,
  'two choices, one of which ends first': [
    raw([{ index: 0, delta: { role: 'assistant', content: 'A' }, finish_reason: null }]),
    raw([{ index: 1, delta: { role: 'assistant', content: 'B' }, finish_reason: null }]),
    raw([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    raw([{ index: 1, delta: { content: ' goes on' }, finish_reason: null }]),
    raw([{ index: 1, delta: {}, finish_reason: 'length' }]),
    DONE_FRAME,
  ].join(''),
  logprobs: [
    ROLE_FRAME,
    raw([
      {
        index: 0,
        delta: { content: 'é' },
        logprobs: { content: [{ token: 'é', logprob: -0.1, bytes: [195, 169], top_logprobs: [] }] },
        finish_reason: null,
      },
    ]),
    chunkFrame({}, 'stop'),
    DONE_FRAME,
  ].join(''),
  'reasoning beside the content': [
    ROLE_FRAME,
    chunkFrame({ reasoning_content: 'Let me think… 流れる' }),
    chunkFrame({ reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }),
    chunkFrame({ content: '42' }),
    chunkFrame({}, 'stop'),
    DONE_FRAME,
  ].join(''),
  'unknown fields, and odd spacing': [
    ': OPENROUTER PROCESSING\n\n',
    raw([{ index: 0, delta: { content: 'x', new_in_2027: { deep: [1, null] } }, finish_reason: null }], {
      system_fingerprint: 'fp_1',
      service_tier: 'default',
      obfuscation: 'aB3',
      usage: null,
    }),
    'event: message\nid: 9\nretry: 5\ndata:{ "id" : "y", "choices" : [ { "index" : 0, "delta" : { "content" : "\\u00e9" }, "finish_reason" : null } ] }\n\n',
    chunkFrame({ refusal: 'No.' }),
    chunkFrame({}, 'content_filter'),
    DONE_FRAME,
  ].join(''),
};
