import { describe, expect, it } from 'vitest';
import { responsesNews } from '../../../src/adapters/providers/responses_event.ts';

const news = (event: object) => responsesNews(JSON.stringify(event));
const usage = { input_tokens: 3, output_tokens: 4, output_tokens_details: { reasoning_tokens: 2 } };

describe('an event of the Responses API', () => {
  it.each([
    ['names the run', { type: 'response.created', response: { id: 'resp_1' } }, { kind: 'run', run: 'resp_1' }],
    ['brings text', { type: 'response.output_text.delta', delta: 'é\n' }, { kind: 'text', text: 'é\n' }],
    ['brings an empty text', { type: 'response.output_text.delta', delta: '' }, { kind: 'nothing' }],
    ['repeats the text', { type: 'response.output_text.done', text: 'all' }, { kind: 'nothing' }],
    ['brings thoughts', { type: 'response.reasoning_summary_text.delta', delta: 'hm' }, { kind: 'nothing' }],
    [
      'ends the answer',
      { type: 'response.completed', response: { id: 'resp_1', usage } },
      { kind: 'end', end: { finishReason: 'stop', usage: { input_tokens: 3, output_tokens: 4 } } },
    ],
    [
      'ends it at its limit',
      { type: 'response.incomplete', response: { incomplete_details: { reason: 'max_output_tokens' }, usage: null } },
      { kind: 'end', end: { finishReason: 'length' } },
    ],
    [
      'ends it by a filter',
      { type: 'response.incomplete', response: { incomplete_details: { reason: 'content_filter' } } },
      { kind: 'end', end: { finishReason: 'content_filter' } },
    ],
    [
      'fails',
      { type: 'response.failed', response: { error: { code: 'server_error' } } },
      { kind: 'error', over: true },
    ],
    ['is an error', { type: 'error', code: 'server_error', message: 'boom' }, { kind: 'error', over: false }],
  ])('that %s', (_, event, meaning) => {
    expect(news(event)).toMatchObject(meaning);
  });

  it('that is no JSON is not the protocol', () => {
    expect(responsesNews('{"type":')).toMatchObject({ kind: 'error', error: { code: 'upstream_protocol' } });
  });
});
