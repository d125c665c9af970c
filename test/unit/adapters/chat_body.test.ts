import { describe, expect, it } from 'vitest';
import { chatBody, continuationBody, responsesBody } from '../../../src/adapters/providers/request_bodies.ts';
import { streamRequestSchema } from '../../../src/formats/weir/stream_request.ts';

const request = (body: object) => streamRequestSchema.parse({ model: 'm', ...body });

describe('a request to continue a text', () => {
  const asked = request({ messages: [{ role: 'user', content: 'hi' }], max_tokens: 10 });

  it('gives what was delivered but white space at its end, which is said again', () => {
    const { body, again } = continuationBody(asked, ['One ', 'two.', '\n\n'], 'prefix');
    expect(body.messages).toEqual([
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'One two.', prefix: true },
    ]);
    expect(again).toBe('\n\n');
    expect(body).not.toHaveProperty('continue_final_message');
  });

  it('marks the open message as vLLM wants it', () => {
    const { body } = continuationBody(asked, ['One'], 'continue_final_message');
    expect(body).toMatchObject({ continue_final_message: true, add_generation_prompt: false });
    expect((body.messages as object[]).at(-1)).toEqual({ role: 'assistant', content: 'One' });
  });

  it('asks for no more tokens than are left, and for one at least', () => {
    expect(continuationBody(asked, ['a', 'b'], 'prefix').body.max_tokens).toBe(8);
    expect(continuationBody(asked, Array(20).fill('a'), 'prefix').body.max_tokens).toBe(1);
  });

  it('gives no message where only white space was delivered', () => {
    const { body, again } = continuationBody(asked, [' '], 'prefix');
    expect(body).toEqual({ ...chatBody(asked), max_tokens: 9 });
    expect(again).toBe(' ');
  });
});

describe('a request to the Responses API', () => {
  it('has the parts of messages under the names that they have there', () => {
    const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } };
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'What is it?' }, image] },
      { role: 'assistant', content: [{ type: 'text', text: 'A heron.' }] },
    ];
    expect(responsesBody(request({ messages, max_tokens: 50 }))).toEqual({
      model: 'm',
      input: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is it?' },
            { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'low' },
          ],
        },
        { role: 'assistant', content: [{ type: 'output_text', text: 'A heron.' }] },
      ],
      background: true,
      store: true,
      stream: true,
      max_output_tokens: 50,
    });
  });

  it.each([
    ['a tool’s result', { role: 'tool', content: '42', tool_call_id: 'call_1' }],
    ['a call of a tool', { role: 'assistant', content: 'wait', tool_calls: [{ id: 'call_1' }] }],
    ['sound', { role: 'user', content: [{ type: 'input_audio', input_audio: { data: '', format: 'wav' } }] }],
    ['no content', { role: 'assistant', content: null }],
  ])('can not be made of %s', (_, message) => {
    expect(responsesBody(request({ messages: [message] }))).toBeUndefined();
  });
});
