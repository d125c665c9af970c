import { describe, expect, it } from 'vitest';
import { bearer, gatewayWithUsers, type Headers, threadOf } from '../../support/gateway_with_users.ts';

const { app, other, plain, send, ask, tokenOf } = await gatewayWithUsers();

describe('other people’s streams', () => {
  /** Everyone who is not alice, with all that can be named without being known. */
  const strangers = async (): Promise<[string, Headers][]> => [
    ['another user', bearer(app, 'bob')],
    ['another user with a token', bearer(await tokenOf(app, 'bob'))],
    ['the same name at another key', bearer(other, 'alice')],
    ['a token of the same name at another key', bearer(await tokenOf(other, 'alice'))],
    ['another key', bearer(plain)],
    ['a guess of her name', bearer(app, 'alice/')],
    ['her name, as it is kept', bearer(app, `${app.slice(5, 13)}/alice`)],
    ['a guessed resume token', { ...bearer(app, 'bob'), 'x-resume-token': 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ['an empty resume token', { ...bearer(app, 'bob'), 'x-resume-token': '' }],
  ];

  it('are 404 to anyone else: read, cancel, continue, while they run and after their end', async () => {
    const opened = await ask(bearer(app, 'alice'), { resumable: true, fake: { tokens: 2, ttft_ms: 60_000 } });
    const ended = await ask(bearer(app, 'alice'), { resumable: true });
    await ended.text();
    for (const path of [opened, ended].map((answer) => `/api/v1/stream/${threadOf(answer)}`)) {
      for (const [who, headers] of await strangers()) {
        const answers = [
          await send('GET', path, headers),
          await send('GET', path, { ...headers, 'last-event-id': '1.1' }),
          await send('DELETE', path, headers),
        ];
        expect([who, ...answers.map(({ status }) => status)]).toEqual([who, 404, 404, 404]);
        const unknown = await send('GET', '/api/v1/stream/unknown', headers);
        const [missing, theirs] = [await unknown.json(), await answers[0]?.json()] as Record<string, unknown>[];
        expect({ ...theirs, thread_id: '' }).toEqual({ ...missing, thread_id: '' });
      }
    }
    // Hers it is, by key and by token; and the id is taken for anyone else.
    const token = bearer(await tokenOf(app, 'alice'));
    expect(await (await send('GET', `/api/v1/stream/${threadOf(ended)}`, token)).text()).toContain('[DONE]');
    const taken = { ...bearer(app, 'bob'), 'x-thread-id': threadOf(ended) };
    const refused = await ask(taken, { resumable: true });
    expect(await refused.json()).toMatchObject({ error: 'thread_in_use' });
    expect((await send('DELETE', `/api/v1/stream/${threadOf(opened)}`, token)).status).toBe(202);
    await opened.text();
  });

  const said = { model: 'fake/demo', stream: true, messages: [{ role: 'user', content: 'hi' }] };
  it.each([
    ['/v1/chat/completions', said],
    ['/v1/messages', { ...said, max_tokens: 9 }],
    ['/v1/responses', { model: said.model, stream: true, input: 'hi' }],
  ])('of %s are 404 to anyone else, and no equal key leads to them', async (path, body) => {
    const open = (headers: Headers, fake: object) =>
      send(
        'POST',
        path,
        { ...headers, 'x-weir-resumable': 'true', 'idempotency-key': `mine:${path}` },
        { ...body, fake },
      );
    const running = await open(bearer(app, 'alice'), { ttft_ms: 60_000 });
    const token = running.headers.get('x-resume-token') ?? '';
    expect(token).toMatch(/^[\w-]{22}$/);
    const stream = `/api/v1/stream/${threadOf(running)}`;
    for (const [who, headers] of await strangers()) {
      const answers = [await send('GET', stream, headers), await send('DELETE', stream, headers)];
      expect([who, ...answers.map(({ status }) => status)]).toEqual([who, 404, 404]);
      for (const answer of answers) expect(answer.headers.get('x-resume-token')).toBeNull();
      const own = await open(headers, { tokens: 1, ttft_ms: 0 });
      expect(threadOf(own)).not.toBe(threadOf(running));
      await own.text();
    }
    // The stream's token is the one way: it is for those whom its owner gives it to.
    const given = { ...bearer(app, 'bob'), 'x-resume-token': token };
    expect((await send('DELETE', stream, given)).status).toBe(202);
    await running.text();
  });

  it('of a chat are nothing to anyone else, by the chat’s id and by the run’s', async () => {
    const messages = [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'hi' }] }];
    const chat = (headers: Headers, fake: object) =>
      send('POST', '/api/v1/chat', headers, { id: 'my chat', messages, model: 'fake/demo', fake });
    const running = await chat(bearer(app, 'alice'), { text: 'Hers.', ttft_ms: 60_000 });
    const run = running.headers.get('x-workflow-run-id') ?? '';
    expect(run).toMatch(/^run_/);
    for (const [who, headers] of await strangers()) {
      const answers = [
        await send('GET', '/api/v1/chat/my%20chat/stream', headers),
        await send('POST', '/api/v1/chat/my%20chat/stop', headers),
        await send('GET', `/api/v1/chat/${run}/stream`, headers),
        await send('POST', `/api/v1/chat/${run}/stop`, headers),
        await send('GET', `/api/v1/stream/${run}`, headers),
      ];
      expect([who, ...answers.map(({ status }) => status)]).toEqual([who, 204, 204, 404, 404, 404]);
    }
    // A chat of the same name is a chat of one's own, and ends no one else's.
    expect(await (await chat(bearer(app, 'bob'), { text: 'His.', ttft_ms: 0 })).text()).toContain('His.');
    expect((await send('POST', '/api/v1/chat/my%20chat/stop', bearer(await tokenOf(app, 'alice')))).status).toBe(202);
    expect(await running.text()).toContain('"type":"abort"');
  });

  it('an equal Idempotency-Key and an equal body lead to one’s own', async () => {
    const keyed = (headers: Headers, key: string) => ask({ ...headers, 'idempotency-key': key }, { resumable: true });
    const hers = threadOf(await keyed(bearer(app, 'alice'), 'first:second'));
    expect(threadOf(await keyed(bearer(await tokenOf(app, 'alice')), 'first:second'))).toBe(hers);
    const others = await Promise.all(
      (await strangers()).map(async ([, headers]) => threadOf(await keyed(headers, 'first:second'))),
    );
    expect(others).not.toContain(hers);
    // No user's name and key can be cut at another place.
    expect(threadOf(await keyed(bearer(app, 'alice:first'), 'second'))).not.toBe(hers);
  });

  it('of background responses are 404 to anyone else', async () => {
    const body = { model: 'fake/demo', input: 'hi', background: true, fake: { ttft_ms: 60_000 } };
    const { id } = (await (await send('POST', '/v1/responses', bearer(app, 'alice'), body)).json()) as { id: string };
    expect(id).toMatch(/^resp_/);
    for (const [who, headers] of await strangers()) {
      const answers = [
        await send('GET', `/v1/responses/${id}`, headers),
        await send('GET', `/v1/responses/${id}?stream=true`, headers),
        await send('POST', `/v1/responses/${id}/cancel`, headers),
        await send('DELETE', `/v1/responses/${id}`, headers),
        await send('GET', `/api/v1/stream/${id.slice('resp_'.length)}`, headers),
      ];
      expect([who, ...answers.map(({ status }) => status)]).toEqual([who, 404, 404, 404, 404, 404]);
    }
    const cancelled = await send('POST', `/v1/responses/${id}/cancel`, bearer(await tokenOf(app, 'alice')));
    expect(await cancelled.json()).toMatchObject({ id, status: 'cancelled' });
  });

  it('an equal body of another user gets no kept answer', async () => {
    const kept = async (headers: Headers) => {
      const answer = await ask(headers, { model: 'kept' });
      await answer.text();
      return answer.headers.get('x-weir-cache');
    };
    expect(await kept(bearer(app, 'alice'))).toBe('miss');
    expect(await kept(bearer(await tokenOf(app, 'alice')))).toBe('hit');
    expect(await kept(bearer(app, 'bob'))).toBe('miss');
    expect(await kept(bearer(other, 'alice'))).toBe('miss');
    expect(await kept(bearer(plain))).toBe('miss');
  });
});
