import { describe, expect, it } from 'vitest';
import { bearer, gatewayWithUsers, type Headers, short } from '../../support/gateway_with_users.ts';
import type { KeyFile } from '../../support/key_file.ts';
import { until } from '../../support/until.ts';

const { file, gateway, url, app, plain, send, ask, mint, tokenOf } = await gatewayWithUsers();

const known = (text: string, status: number) =>
  until(`the key gets ${status}`, async () => (await send('GET', '/v1/models', bearer(text))).status === status);

/** A key that the instance knows. */
async function newKey(wishes: Parameters<KeyFile['add']>[0]) {
  const made = file.add(wishes);
  await known(made.text, 200);
  return made;
}

describe('who asks', () => {
  const shapes = [
    ['/api/v1/stream', (code: string) => ({ error: code })],
    ['/v1/chat/completions', (code: string) => ({ error: { code } })],
    ['/v1/messages', (_: string, type: string) => ({ type: 'error', error: { type } })],
  ] as const;

  it.each(shapes)(
    '%s says in its own format what is wrong with X-Weir-User, before it looks at the body',
    async (path, shape) => {
      const refusal = async (headers: Headers) => {
        const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: '{' });
        return [answer.status, await answer.json()] as const;
      };
      const [forbidden, denied] = await refusal(bearer(plain, 'alice'));
      expect([forbidden, denied]).toMatchObject([403, shape('not_allowed', 'permission_error')]);
      const [unnamed, missing] = await refusal(bearer(app));
      expect([unnamed, missing]).toMatchObject([422, shape('validation_error', 'invalid_request_error')]);
      expect(JSON.stringify(missing)).toContain('X-Weir-User must name the user for whom this key asks.');
      for (const wrong of ['', 'a'.repeat(201), 'm\u00fcnchen']) {
        expect(await refusal(bearer(app, wrong))).toMatchObject([
          422,
          shape('validation_error', 'invalid_request_error'),
        ]);
      }
    },
  );

  it('every route wants a key and a user, but for those that are known to be open', async () => {
    const open = [
      '/api/v1/cluster',
      '/api/v1/cluster/events',
      '/api/v1/health',
      '/api/v1/health/live',
      '/api/v1/health/ready',
    ];
    const sameForUsers = ['/v1/models', '/v1/models/{*}', '/api/v1/models'];
    const document = (await (await send('GET', '/api/v1/openapi.json', {})).json()) as {
      paths: Record<string, object>;
    };
    const routes = Object.entries(document.paths)
      .filter(([path]) => !open.includes(path))
      .flatMap(([path, operations]) => Object.keys(operations).map((method) => [method.toUpperCase(), path] as const));
    expect(routes.length).toBeGreaterThan(8);
    for (const [method, path] of routes) {
      const status = async (headers: Headers) => (await send(method, path.replace(/\{.+?\}/g, 'x'), headers)).status;
      expect([method, path, await status({})]).toEqual([method, path, 401]);
      if (!sameForUsers.includes(path)) expect([method, path, await status(bearer(app))]).toEqual([method, path, 422]);
    }
  });

  it('lists of models need no user', async () => {
    for (const path of ['/v1/models', '/v1/models/fake/demo', '/api/v1/models']) {
      expect((await send('GET', path, bearer(app))).status).toBe(200);
      expect((await send('GET', path, bearer(app, 'alice'))).status).toBe(200);
    }
  });

  it('two names in two headers are no user', async () => {
    const { request } = await import('node:http');
    const headers = [
      'host',
      'localhost',
      'authorization',
      `Bearer ${app}`,
      'x-weir-user',
      'alice',
      'x-weir-user',
      'bob',
    ];
    const status = await new Promise((resolve) => {
      request(`${url}/v1/models`, { headers }, (answer) => resolve(answer.resume().statusCode)).end();
    });
    expect(status).toBe(422);
  });

  it('pages of the allowed origins may send the headers, and read the answer', async () => {
    const origin = 'https://localhost';
    const wanted = 'authorization,x-weir-user,content-type';
    const preflight = await send('OPTIONS', '/api/v1/stream', {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': wanted,
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
    expect(preflight.headers.get('access-control-allow-headers')).toBe(wanted);
  });
});

describe('limits of a key that acts for users', () => {
  it('are those of each user: streams at once', async () => {
    const { text } = await newKey({ name: 'streams', streams: 1, acts_for_users: {} });
    const held = { fake: { ttft_ms: 60_000 } };
    const ends = new AbortController();
    const holding = fetch(`${url}/api/v1/stream`, {
      method: 'POST',
      headers: { ...bearer(text, 'alice'), 'content-type': 'application/json' },
      body: JSON.stringify({ ...short, ...held }),
      signal: ends.signal,
    }).catch(() => {});
    const refused = await until('she has her one stream', async () => {
      const answer = await ask(bearer(text, 'alice'));
      return answer.status === 429 ? answer : undefined;
    });
    expect(await refused.json()).toMatchObject({ error: 'too_many_connections', details: { current: 1, max: 1 } });
    // Her token is her, too.
    expect((await ask(bearer(await tokenOf(text, 'alice')))).status).toBe(429);
    expect((await ask(bearer(text, 'bob'))).status).toBe(200);
    ends.abort();
    await holding;
  });

  it('are those of each user, and of all users together: requests and tokens', async () => {
    const { text } = await newKey({
      name: 'rates',
      requests_per_minute: 2,
      acts_for_users: { requests_per_minute: 3 },
    });
    const of = async (user: string) => {
      const answer = await ask(bearer(text, user));
      const { message = '' } = answer.ok ? {} : ((await answer.json()) as { message: string });
      return [answer.status, answer.headers.get('x-ratelimit-limit'), message.split(';')[0]];
    };
    expect(await of('alice')).toEqual([200, '2', '']);
    expect(await of('alice')).toEqual([200, '2', '']);
    expect(await of('alice')).toEqual([429, '2', 'Each user of this key may use 2 requests a minute']);
    // What she was refused takes nothing from others.
    expect(await of('bob')).toEqual([200, '2', '']);
    expect(await of('bob')).toEqual([429, '3', 'All users of this key together may use 3 requests a minute']);

    const tokens = await newKey({ name: 'tokens', acts_for_users: { tokens_per_minute: 1 } });
    await (await ask(bearer(tokens.text, 'alice'))).text();
    await until('her tokens count for all', async () => (await ask(bearer(tokens.text, 'bob'))).status === 429);
  });
});

it('usage adds up by key, and by user', async () => {
  const { text, id } = await newKey({ name: 'counted', acts_for_users: {} });
  for (const user of ['alice', 'alice', 'bob']) await (await ask(bearer(text, user))).text();
  const { usage, usageOfUsers } = gateway.peerServices;
  const mine = <Row extends { key: string }>(rows: Row[]) => rows.filter(({ key }) => key === id);
  expect(mine((await usage(1)).rows)).toMatchObject([{ ok: 3, provider: 'fake', output_tokens: 6 }]);
  expect(mine((await usageOfUsers(1)).users)).toMatchObject([
    { user: 'alice', ok: 2, output_tokens: 4 },
    { user: 'bob', ok: 1, output_tokens: 2 },
  ]);
  // No label of a metric names a user.
  expect(await (await fetch(`${url}/metrics`)).text()).not.toMatch(/alice|bob/);
});

describe('a browser token', () => {
  it('is made by a key that acts for users, for an hour at most', async () => {
    const answer = await mint(bearer(app, 'alice'), { expires_in: 60 });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const made = (await answer.json()) as { token: string; expires_at: string };
    expect(made).toMatchObject({ token_type: 'Bearer', user: 'alice', expires_in: 60 });
    expect(made.token).not.toContain(app.slice(14));
    expect(await (await mint(bearer(app, 'alice'))).json()).toMatchObject({ expires_in: 900 });
    for (const body of [{ expires_in: 59 }, { expires_in: 3_601 }, { expires_in: '60' }, { user: 'bob' }, []]) {
      const refused = await mint(bearer(app, 'alice'), body);
      expect([refused.status, body]).toEqual([422, body]);
      expect(await refused.json()).toMatchObject({ error: 'validation_error' });
    }
    expect((await mint(bearer(app))).status).toBe(422);
    expect(await (await mint(bearer(plain))).json()).toMatchObject({ error: 'not_allowed' });
    expect((await mint({})).status).toBe(401);
  });

  it('is taken wherever a key is; makes no other, and names no other user', async () => {
    const token = await tokenOf(app, 'alice');
    for (const headers of [bearer(token), { 'x-api-key': token }] as Headers[]) {
      const messages = [{ role: 'user', content: 'hi' }];
      const chat = { model: short.model, fake: short.fake, messages };
      const responses = { model: short.model, fake: short.fake, input: 'hi' };
      expect((await ask(headers)).status).toBe(200);
      expect((await send('POST', '/v1/chat/completions', headers, chat)).status).toBe(200);
      expect((await send('POST', '/v1/messages', headers, { ...chat, max_tokens: 9 })).status).toBe(200);
      expect((await send('POST', '/v1/responses', headers, responses)).status).toBe(200);
      expect((await send('GET', '/v1/models', headers)).status).toBe(200);
    }
    const again = await mint(bearer(token));
    expect([again.status, await again.json()]).toMatchObject([403, { error: 'not_allowed' }]);
    for (const user of ['bob', 'alice']) expect((await ask(bearer(token, user))).status).toBe(403);
  });

  it('ends with its key, without a restart', async () => {
    const { text, id } = await newKey({ name: 'short-lived', acts_for_users: {} });
    const token = await tokenOf(text, 'alice');
    await known(token, 200);
    file.revoke(id);
    await known(token, 401);
    const answer = await send('POST', '/v1/messages', bearer(token));
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: {
        type: 'authentication_error',
        message: expect.stringMatching(/^The key of this browser token was revoked/),
      },
    });
  });
});
