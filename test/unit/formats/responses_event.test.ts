import { describe, expect, it } from 'vitest';
import { readResponsesEvent } from '../../../src/formats/responses/responses_event.ts';

const read = (event: object) => readResponsesEvent(JSON.stringify(event));
const usage = { input_tokens: 3, output_tokens: 4, output_tokens_details: { reasoning_tokens: 2 } };

describe('an event of the Responses API', () => {
  it.each([
    ['names the run', { type: 'response.created', response: { id: 'resp_1' } }, { kind: 'run', run: 'resp_1' }],
    ['brings text', { type: 'response.output_text.delta', delta: 'é\n' }, { kind: 'text', text: 'é\n' }],
    ['brings an empty text', { type: 'response.output_text.delta', delta: '' }, { kind: 'nothing' }],
    ['repeats the text', { type: 'response.output_text.done', text: 'all' }, { kind: 'nothing' }],
    ['brings thoughts', { type: 'response.reasoning_summary_text.delta', delta: 'hm' }, { kind: 'begun' }],
    ['begins to think', { type: 'response.output_item.added', item: { type: 'reasoning' } }, { kind: 'begun' }],
    ['announces a message', { type: 'response.output_item.added', item: { type: 'message' } }, { kind: 'nothing' }],
    [
      'ends the answer',
      { type: 'response.completed', response: { id: 'resp_1', usage } },
      { kind: 'end', finishReason: 'stop', usage: { input_tokens: 3, output_tokens: 4 } },
    ],
    [
      'ends it at its limit',
      { type: 'response.incomplete', response: { incomplete_details: { reason: 'max_output_tokens' }, usage: null } },
      { kind: 'end', finishReason: 'length', usage: undefined },
    ],
    [
      'ends it by a filter',
      { type: 'response.incomplete', response: { incomplete_details: { reason: 'content_filter' } } },
      { kind: 'end', finishReason: 'content_filter', usage: undefined },
    ],
    [
      'fails',
      { type: 'response.failed', response: { error: { code: 'server_error' } } },
      { kind: 'error', over: true },
    ],
    ['is an error', { type: 'error', code: 'server_error', message: 'boom' }, { kind: 'error', over: false }],
    [
      'ends it for a reason that is a name of JavaScript',
      { type: 'response.incomplete', response: { incomplete_details: { reason: 'constructor' } } },
      { kind: 'end', finishReason: 'constructor', usage: undefined },
    ],
    [
      'ends it, and names an error',
      { type: 'response.completed', response: { status: 'completed', error: { code: 'server_error' } } },
      { kind: 'error', over: true },
    ],
  ])('that %s', (_, event, meaning) => {
    expect(read(event)).toMatchObject(meaning);
  });

  it.each([
    'half a text',
    'null',
    '5',
    '[]',
    '{"type":5}',
    '{"type":"response.created"}',
    '{"type":"response.created","response":{"id":5}}',
    '{"type":"response.output_text.delta"}',
    '{"type":"response.output_text.delta","delta":5}',
    '{"type":"response.completed","response":[]}',
    '{"type":"response.incomplete","response":{"incomplete_details":5}}',
    '{"type":"response.completed","response":{"status":5}}',
  ])('that is %s is not the protocol', (data) => {
    expect(readResponsesEvent(data)).toBeUndefined();
  });
});
