import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDPOINT_STREAMS } from '../support/endpoint_frames.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { type NginxFront, startNginxFront } from '../support/nginx_front.ts';
import { answerFrames, type MockStep, SSE_HEADERS } from '../support/openai_frames.ts';
import { type RouteFile, routeFile } from '../support/route_files.ts';
import { trustingFetch } from '../support/trusting_fetch.ts';
import { until } from '../support/until.ts';

const SILENCE_SECONDS = 1;
const STREAMS = { chat: answerFrames(['One ', 'two.'], false), ...ENDPOINT_STREAMS };

let provider: MockOpenai;
let config: RouteFile;
let instance: Instance;
let nginx: NginxFront;
beforeAll(async () => {
  provider = await startMockOpenai({
    script: ({ path, body }) => scriptOf(path, body.model ?? ''),
    background: false,
  });
  // One for each endpoint, as each has a circuit.
  const settings = (speaks: string) => ({
    base_url: provider.url,
    timeouts: { silence_seconds: SILENCE_SECONDS },
    capabilities: { speaks: [speaks] },
  });
  const providers = Object.fromEntries(Object.keys(STREAMS).map((speaks) => [speaks, settings(speaks)]));
  config = routeFile({ providers });
  instance = await startInstance({ WEIR_CONFIG: config.file, TRUSTED_PROXIES: '127.0.0.1' });
  nginx = await startNginxFront([`127.0.0.1:${instance.port}`]);
});
afterAll(async () => {
  await nginx[Symbol.asyncDispose]();
  await instance.stop();
  await provider.close();
  config[Symbol.dispose]();
});

/** All events but the last, which is the end in each of the protocols; what then happens is the model's name. */
function scriptOf(path: string, model: string): MockStep[] {
  const [name = 'chat'] = (/responses|messages/.exec(path) ?? []) as (keyof typeof STREAMS)[];
  const events = STREAMS[name].split(/(?<=\n\n)/);
  const begun: MockStep[] = [{ head: 200, headers: SSE_HEADERS }, { write: events.slice(0, -2).join('') }];
  // Longer than the silence that is allowed, all of them together.
  const pings = Array.from({ length: 7 }, () => [{ pause: SILENCE_SECONDS * 200 }, { write: ': ping\n\n' }]).flat();
  if (model === 'no-head') return [{ hang: true }];
  return model === 'no-end' ? [...begun, { hang: true }] : [...begun, ...pings, { write: events.slice(-2).join('') }];
}

async function slots(): Promise<number> {
  const health = (await (await fetch(`${instance.url}/api/v1/health`)).json()) as {
    pool: { total_connections: number };
  };
  return health.pool.total_connections;
}

const openai = { error: { type: 'server_error', code: 'upstream_timeout' } };
const anthropic = { type: 'error', error: { type: 'api_error' } };

const ENDPOINTS = [
  ['/v1/chat/completions', 'chat', 'data: ', openai, openai],
  ['/v1/responses', 'responses', 'event: error\ndata: ', { type: 'error', code: 'upstream_timeout' }, openai],
  ['/v1/messages', 'messages', 'event: error\ndata: ', anthropic, anthropic],
] as const;

describe.each(ENDPOINTS)('a provider that falls silent, at %s through NGINX', (path, name, prefix, event, refusal) => {
  const ask = (model: string, stream: boolean) =>
    trustingFetch(nginx.ca)(`${nginx.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: `${name}/${model}`, stream }),
    });

  it('in mid-answer: the client has what was said, then an error in its own protocol, and the slot is free', async () => {
    const text = await (await ask('no-end', true)).text();
    // The slot first, then the end.
    expect(await slots()).toBe(0);
    const events = STREAMS[name].split(/(?<=\n\n)/).slice(0, -2);
    expect(text.startsWith(events.join(''))).toBe(true);
    const last = text.slice(events.join('').length);
    expect(last.startsWith(prefix)).toBe(true);
    expect(JSON.parse(last.slice(prefix.length))).toMatchObject(event);
    await until('the call of the provider is ended', () => provider.requests.at(-1)?.closedEarlyAt !== undefined);
  });

  it('before its head: 504, streamed or not', async () => {
    const answers = await Promise.all([ask('no-head', true), ask('no-head', false)]);
    for (const answer of answers) {
      expect(answer.status).toBe(504);
      expect(await answer.json()).toMatchObject(refusal);
    }
    expect(await slots()).toBe(0);
  });

  it('but for its comments: they are no silence', async () => {
    const text = await (await ask('pings', true)).text();
    expect(text.replaceAll(': ping\n\n', '')).toBe(STREAMS[name]);
  });
});
