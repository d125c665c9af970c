import { expect, it } from 'vitest';
import { FakeUpstream } from '../../../src/adapters/providers/fake_upstream.ts';
import { droppedFields } from '../../../src/core/routing/routing.ts';
import type { SelectedRoute } from '../../../src/core/routing/selected_route.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';
import { chatFormat } from '../../../src/formats/chat/chat_format.ts';
import { messagesFormat } from '../../../src/formats/messages/messages_format.ts';
import { buildGateway } from '../../../src/gateway/build_gateway.ts';
import { parseConfig } from '../../../src/gateway/config.ts';
import { ENDPOINTS, type Endpoint } from '../../../src/gateway/endpoints/endpoint.ts';
import { bodyRequest, parseBody, parseEndpointRequest } from '../../../src/gateway/endpoints/endpoint_request.ts';
import { droppedHeader } from '../../../src/gateway/http/http_sink.ts';
import { KeyFile } from '../../support/key_file.ts';

it('a body with too many values, or too deep, is refused before it is parsed', () => {
  // Neither is JSON, which a parser would see first.
  expect(() => parseBody(Buffer.from(`{"a":[${'{},'.repeat(300_000)}`))).toThrow('more than 250000 values');
  expect(() => parseBody(Buffer.from(`{"a":${'['.repeat(300)}`))).toThrow('nested deeper than 100 levels');
});

it.each([
  ['/v1/messages/count_tokens', 'x'],
  ['/v1/messages', 'x'],
])('a request to %s that its key may not make is refused before its body is read', async (url, messages) => {
  const keys = new KeyFile();
  const { text } = keys.add({ requests_per_minute: 1 });
  const gateway = await buildGateway(parseConfig({ ...keys.environment, LOG_LEVEL: 'error' }), {}, '');
  const ask = async () => {
    const headers = { 'x-api-key': text };
    const answer = await gateway.app.inject({
      method: 'POST',
      url,
      headers,
      payload: { model: 'fake/demo', messages },
    });
    return answer.statusCode;
  };
  expect([await ask(), await ask()]).toEqual([422, 429]);
  await gateway.app.close();
  await gateway.close();
  keys.close();
});

/** A request with a budget that counts the bytes it holds. */
function requestOf(name: string, body: object) {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', stream: true, ...body }));
  const endpoint = ENDPOINTS.find((each) => each.name === name) as Endpoint;
  const room = { held: 0, taken: 0 };
  const takeRoom = () => {
    room.taken += 1;
    room.held = 3 * bytes.length;
    return (stays: number) => {
      room.held = stays;
    };
  };
  return { room, bytes, ...bodyRequest(endpoint, parseEndpointRequest(bytes), bytes, {}, takeRoom) };
}

const TO = { provider: 'p', model: 'm' };
const LONG = 'x'.repeat(100_000);
const said = [{ role: 'user', content: 'Hi.' }];

it.each<[string, object, number]>([
  ['messages', { max_tokens: 9, system: LONG, messages: said }, 0],
  ['chat', { messages: [{ role: 'user', content: LONG }] }, 0],
  ['responses', { input: LONG, instructions: LONG }, 100_000],
])('a request of %s keeps, and counts, no more than its answer repeats', (name, body, stays) => {
  const { upstream, repeated, room, bytes } = requestOf(name, body);
  upstream.written(name === 'messages' ? chatFormat : messagesFormat, TO);
  expect(room.held).toBe(3 * bytes.length);
  upstream.forget();
  expect(Math.abs(room.held - stays)).toBeLessThan(200);
  expect(Math.abs(JSON.stringify(repeated()).length - stays)).toBeLessThan(200);
});

it('keeps no more names of dropped fields than an answer says', () => {
  const more = Object.fromEntries(Array.from({ length: 190 }, (_, at) => [`member_${at}`, 1]));
  for (const messages of [Array(200).fill({ ...said[0], ...more }), [{ ...said[0], [LONG]: 1 }]]) {
    const { upstream } = requestOf('chat', { messages });
    const { dropped } = upstream.written(messagesFormat, TO);
    expect(dropped.join('').length).toBeLessThan(2_000);
    expect(droppedHeader(dropped)['X-Weir-Dropped']).toMatch(/^messages\.0\..*\.\.\.$/);
  }
});

it('a request whose answer has begun is not read again', () => {
  const { upstream, room } = requestOf('chat', { messages: [{ role: 'user', content: LONG }] });
  const fake = new FakeUpstream(new TimerWheel(10));
  const target = { provider: 'fake', model: 'demo', upstream: fake };
  fake.prepare(upstream);
  upstream.forget();
  expect(droppedFields({ targets: [target] } as unknown as SelectedRoute, upstream, target)).toEqual([]);
  expect(() => upstream.generation()).toThrow('Its answer has begun');
  expect(room.taken).toBe(1);
  expect(room.held).toBeLessThan(200);
});
