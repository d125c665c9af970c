import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../../src/gateway/build_gateway.ts';
import { startGateway, stopGateway } from '../../support/gateway_here.ts';
import { type RouteFile, routeFile } from '../../support/route_files.ts';
import { until } from '../../support/until.ts';

let gateway: Gateway;
let url: string;
let routes: RouteFile;
beforeAll(async () => {
  const targets = [{ provider: 'fake', model: 'demo' }];
  routes = routeFile({
    providers: {},
    routes: { kept: { targets, resumable: true }, apart: { targets, resumable: true, attach: 'off' } },
  });
  const config = {
    WEIR_CONFIG: routes.file,
    LOG_LEVEL: 'error',
    TRUSTED_PROXIES: '127.0.0.1',
    MAX_CONNECTIONS_PER_USER: '100',
  };
  ({ gateway, url } = await startGateway(config));
});
afterAll(async () => {
  await stopGateway(gateway);
  routes[Symbol.dispose]();
});

const FAKE = { tokens: 30, tokens_per_second: 0, ttft_ms: 0 };
/** Says a few words, and then nothing for a long time. */
const HANGS = { ...FAKE, fault: 'hang@20' };
let asked = 0;
/** A request that is like no other, and can be sent again. */
function request(fake: object, more: object = {}) {
  asked += 1;
  const messages = [{ role: 'user', content: `request ${asked}` }];
  return { model: 'kept', messages, stream: true, fake, ...more };
}

interface Sent extends AsyncDisposable {
  threadId: string;
  isAttached: boolean;
  body: Promise<string>;
  text(): string;
  leave(): Promise<void>;
}

async function send(body: object, headers: Record<string, string> = {}, path = '/v1/chat/completions'): Promise<Sent> {
  const abort = new AbortController();
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Real-IP': '10.0.0.1', ...headers },
    body: JSON.stringify(body),
    signal: abort.signal,
  });
  expect(response.status).toBe(200);
  let text = '';
  const read = async () => {
    for await (const bytes of response.body ?? []) text += Buffer.from(bytes).toString();
    return text;
  };
  const reading = read();
  reading.catch(() => {});
  const leave = async () => {
    abort.abort();
    await reading.catch(() => {});
  };
  return {
    threadId: response.headers.get('x-thread-id') as string,
    isAttached: response.headers.get('x-weir-attached') === 'true',
    body: reading,
    text: () => text,
    leave,
    [Symbol.asyncDispose]: leave,
  };
}

/** Leaves, and waits until the instance has seen it. */
async function lose(sent: Sent): Promise<void> {
  await sent.leave();
  const isLeft = () => gateway.durable.core.streams.get(sent.threadId)?.leftAt !== undefined;
  await until('its reader is gone', isLeft);
}

describe('a request that is sent again', () => {
  it('while it runs gets the answer to the first one, from its first event, once that client has left', async () => {
    const body = request(HANGS);
    const first = await send(body);
    await until('it speaks', () => first.text().includes('content":"'));
    const said = first.text();
    await lose(first);
    await using second = await send(body);
    expect([second.isAttached, second.threadId]).toEqual([true, first.threadId]);
    await until('it has that, too', () => second.text().startsWith(said));
    expect(second.text()).toContain('"role":"assistant"');
  });

  it('after it ended unread gets all of it, and only one such request does', async () => {
    const body = request({ ...FAKE, ttft_ms: 100 });
    const first = await send(body);
    await lose(first);
    await until('it has ended', () => !gateway.durable.core.streams.has(first.threadId));
    const both = await Promise.all([send(body), send(body)]);
    const attached = both.filter(({ isAttached }) => isAttached);
    expect(attached.map(({ threadId }) => threadId)).toEqual([first.threadId]);
    expect(await attached[0]?.body).toContain('[DONE]');
    await Promise.all(both.map(({ body: read }) => read));
  });

  it('beside a client that still reads is a new one', async () => {
    const body = request(HANGS);
    await using first = await send(body);
    await using second = await send(body);
    expect(second.isAttached).toBe(false);
    expect(second.threadId).not.toBe(first.threadId);
  });

  it('after its end was delivered is a new one', async () => {
    const body = request(FAKE);
    const first = await send(body);
    expect(await first.body).toContain('[DONE]');
    await using second = await send(body);
    expect(second.isAttached).toBe(false);
  });

  it('with other headers, another body, by another user or at another endpoint is a new one', async () => {
    const body = request(HANGS, { max_tokens: 50 });
    const first = await send(body, { 'X-Thread-ID': 'mine' });
    await lose(first);
    const others = [
      await send({ ...body, max_tokens: 51 }),
      await send(body, { 'OpenAI-Beta': 'other' }),
      await send(body, { 'X-Real-IP': '10.0.0.2' }),
      await send(body, {}, '/v1/messages'),
      await send(body, { 'X-Weir-Attach': 'off' }),
    ];
    for (const each of others) {
      await using other = each;
      expect(other.isAttached).toBe(false);
    }
  });

  it('to a route without that, or whose streams are not resumable, is a new one', async () => {
    for (const model of ['apart', 'fake/demo']) {
      const body = request(HANGS, { model });
      const first = await send(body);
      await first.leave();
      await using second = await send(body);
      expect(second.isAttached).toBe(false);
    }
  });
});
