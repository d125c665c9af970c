import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as bodyText } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { refuses, said, translatingGateway } from '../../support/translating_gateway.ts';

const { gateway, url, mock, asked } = await translatingGateway();

describe('other questions of clients', () => {
  it('about tokens are answered by an estimate that says so, where the provider counts none', async () => {
    const count = async (model: string, more: object = {}) => {
      const answer = await fetch(`${url}/v1/messages/count_tokens`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ model, messages: said, ...more }),
      });
      return { status: answer.status, estimated: answer.headers.get('x-weir-estimated'), body: await answer.json() };
    };
    const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } };
    expect(await count('chat/m')).toEqual({ status: 200, estimated: 'input_tokens', body: { input_tokens: 5 } });
    const messages = [{ role: 'user', content: [image] }];
    expect(await count('chat/m', { messages })).toMatchObject({ body: { input_tokens: 1_604 } });
    expect(await count('chat/m', { messages: 'x' })).toMatchObject({ status: 422, body: { type: 'error' } });
    expect(asked).toEqual([]);
    mock.reply = refuses(200, { input_tokens: 14 });
    expect(await count('any')).toEqual({ status: 200, estimated: null, body: { input_tokens: 14 } });
    expect(asked.map(({ path }) => path)).toEqual(['/v1/messages/count_tokens']);
  });

  it('about models are answered in the shape of the client’s other requests', async () => {
    const list = async (query: string, headers: Record<string, string> = { 'anthropic-version': '2023-06-01' }) => {
      const answer = await fetch(`${url}/v1/models${query}`, { headers });
      return (await answer.json()) as { data: { id: string }[]; has_more: boolean; type: string };
    };
    const openAi = await list('', {});
    expect(openAi).toMatchObject({ object: 'list' });
    const ids = openAi.data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['any', 'kept', 'picky', 'fake/demo']));
    const all = await list('');
    expect(all).toEqual({
      data: ids.map((id) => ({ type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00.000Z' })),
      has_more: false,
      first_id: ids.at(0),
      last_id: ids.at(-1),
    });
    const page = async (query: string) => {
      const { data, has_more } = await list(query);
      return [data.map(({ id }) => id), has_more];
    };
    expect(await page('?limit=2')).toEqual([ids.slice(0, 2), true]);
    expect(await page(`?limit=2&after_id=${ids[1]}`)).toEqual([ids.slice(2, 4), ids.length > 4]);
    expect(await page(`?limit=1&before_id=${ids[2]}`)).toEqual([ids.slice(1, 2), true]);
    expect(await list('?limit=0')).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    expect(await list('/fake/demo')).toMatchObject({ type: 'model', id: 'fake/demo' });
    expect(await list('/nothing')).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  });

  it('for a WebSocket are refused at once', async () => {
    const { port } = gateway.app.server.address() as AddressInfo;
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'x',
      'Sec-WebSocket-Version': '13',
    };
    const asking = request({ port, path: '/v1/responses', headers }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    expect([response.statusCode, response.headers.allow]).toEqual([426, 'POST']);
    expect(JSON.parse(await bodyText(response))).toMatchObject({ error: { code: 'upgrade_required' } });
  });
});
