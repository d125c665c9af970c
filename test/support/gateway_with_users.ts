import { afterAll } from 'vitest';
import { startGateway, stopGateway } from './gateway_here.ts';
import { KeyFile } from './key_file.ts';
import { along, routeFile } from './route_files.ts';

export type Headers = Record<string, string>;

export const bearer = (key: string, user?: string): Headers => ({
  authorization: `Bearer ${key}`,
  ...(user === undefined ? {} : { 'x-weir-user': user }),
});

/** A short request of `/api/v1/stream`. */
export const short = { query: 'hi', model: 'fake/demo', fake: { tokens: 2, tokens_per_second: 0, ttft_ms: 0 } };

export const threadOf = (answer: Response): string => answer.headers.get('x-thread-id') ?? '';

/** An instance in this process with three keys: `app` and `other` act for users, `plain` does not. */
export async function gatewayWithUsers() {
  const file = new KeyFile();
  const acts_for_users = {};
  const app = file.add({ name: 'app', acts_for_users }).text;
  const other = file.add({ name: 'other app', acts_for_users }).text;
  const plain = file.add({ name: 'plain' }).text;
  const routes = routeFile({ routes: { kept: { ...along('fake/demo'), cache: { ttl_seconds: 600 } } } });
  const env = { ...file.environment, WEIR_CONFIG: routes.file, RESUME_GRACE_SECONDS: '900', LOG_LEVEL: 'error' };
  const { gateway, url } = await startGateway(env);
  afterAll(async () => {
    await stopGateway(gateway);
    file.close();
    routes[Symbol.dispose]();
  });

  const send = (method: string, path: string, headers: Headers, body?: unknown) =>
    fetch(`${url}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const ask = (headers: Headers, more: object = {}) => send('POST', '/api/v1/stream', headers, { ...short, ...more });
  const mint = (headers: Headers, body?: unknown) => send('POST', '/api/v1/tokens', headers, body);
  const tokenOf = async (key: string, user: string) =>
    ((await (await mint(bearer(key, user))).json()) as { token: string }).token;
  return { file, gateway, url, app, other, plain, send, ask, mint, tokenOf };
}
