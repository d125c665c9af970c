import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEndpointRequest } from '../../../src/gateway/endpoints/endpoint_request.ts';
import { conversationOfRequest, conversationOfStream } from '../../../src/gateway/http/conversation.ts';
import { runs } from '../../support/fast_check_runs.ts';

const of = (body: object, headers: Record<string, string> = {}, userId = 'u') => {
  const asked = parseEndpointRequest(Buffer.from(JSON.stringify({ model: 'm', ...body })));
  return conversationOfRequest({ userId, headers }, asked);
};
const ofStream = (body: Parameters<typeof conversationOfStream>[1], headers: Record<string, string> = {}) =>
  conversationOfStream({ userId: 'u', headers }, body);

const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
const system = { role: 'system', content: 'Be brief.' };

describe('the conversation of a request', () => {
  it.each<[string, object, Record<string, string>]>([
    ['prompt_cache_key', { prompt_cache_key: 'one' }, {}],
    ['the session of Claude Code', {}, { 'x-claude-code-session-id': 'one' }],
    ['the session of Codex', {}, { 'session-id': 'one' }],
    ['the session of an older Codex', {}, { session_id: 'one' }],
    ['X-Session-Id', {}, { 'x-session-id': 'one' }],
  ])('is named by %s, whatever is said', (_, body, headers) => {
    const first = of({ ...body, messages: [user('a')] }, headers);
    expect(first).toBeTypeOf('number');
    expect(of({ ...body, messages: [user('b')] }, headers)).toBe(first);
    expect(of({ ...body, messages: [user('a')] }, headers, 'another')).not.toBe(first);
    expect(of({ messages: [user('a')] })).not.toBe(first);
  });

  it('is named by prompt_cache_key before a header', () => {
    const headers = { 'x-session-id': 'two' };
    expect(of({ prompt_cache_key: 'one' }, headers)).toBe(of({ prompt_cache_key: 'one' }));
    for (const none of ['', null, 7]) expect(of({ prompt_cache_key: none }, headers)).toBe(of({}, headers));
  });

  it.each<[string, (messages: object[]) => object]>([
    ['chat', (messages) => ({ messages: [system, ...messages] })],
    ['responses', (input) => ({ instructions: 'Be brief.', input })],
    ['messages', (messages) => ({ system: [{ type: 'text', text: 'Be brief.' }], messages })],
  ])('in the format %s is known by how it begins, however far it has gone', (_, body) => {
    const first = of(body([user('Hello "there" [\\')]));
    expect(first).toBeTypeOf('number');
    expect(of(body([user('Hello "there" [\\'), assistant('Hi.'), user('More.')]))).toBe(first);
    expect(of(body([user('Hello'), assistant('Hi.'), user('More.')]))).not.toBe(first);
    expect(of({ ...body([user('Hello "there" [\\')]), system: 'Other.', instructions: 'Other.' })).not.toBe(first);
  });

  it('does not change with the marks that clients put on a message for the cache', () => {
    const marked = { type: 'text', text: 'Hello', cache_control: { type: 'ephemeral' } };
    const later = { messages: [user([{ type: 'text', text: 'Hello' }]), assistant('Hi.'), user([marked])] };
    expect(of(later)).toBe(of({ messages: [user([marked])] }));
    expect(of(later)).toBe(of({ messages: [user('Hello')] }));
    const prompt = { system: [{ ...marked, text: 'Be brief.' }], messages: [user('Hello')] };
    expect(of(prompt)).toBe(of({ ...prompt, system: 'Be brief.' }));
  });

  it('tells images apart that come without words', () => {
    const image = (data: string) => ({ messages: [user([{ type: 'image', source: { data } }])] });
    expect(of(image('a'))).not.toBe(of(image('b')));
  });

  it('reads no more than the beginning of a long one', () => {
    const long = 'x'.repeat(100_000);
    const first = of({ messages: [user(long)] });
    expect(of({ messages: [user(long), assistant('Hi.'), user('More.')] })).toBe(first);
    expect(of({ messages: [user(`y${long}`)] })).not.toBe(first);
  });

  it('is none where nothing is said', () => {
    expect(of({})).toBeUndefined();
    expect(of({ messages: [] })).toBeUndefined();
  });

  it('never fails, whatever stands in the body', () => {
    const body = fc.record(
      { messages: fc.jsonValue(), input: fc.jsonValue(), system: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(body, (asked) => {
        expect(of(asked)).toBeOneOf([undefined, expect.any(Number)]);
      }),
      { numRuns: runs(500) },
    );
  });

  it('on /api/v1/stream is known by the same', () => {
    const messages = [system, user('Hello')];
    const first = ofStream({ messages });
    expect(ofStream({ messages: [...messages, assistant('Hi.'), user('More.')] })).toBe(first);
    expect(ofStream({ query: 'Hello' })).toBeTypeOf('number');
    expect(ofStream({ query: 'a' }, { 'x-session-id': 's' })).toBe(ofStream({ query: 'b' }, { 'x-session-id': 's' }));
  });
});
