import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { identityProblem, nodeUsers } from '../../../src/load/node/node_users.ts';
import { issueAuthority, issueLeaf } from '../../../src/stack/certificates/issue_certificates.ts';

let ca: string;
let leaf: { key: string; cert: string };
beforeAll(async () => {
  const authority = await issueAuthority();
  const issued = await issueLeaf(authority);
  ca = authority.certificate;
  leaf = { key: issued.key, cert: issued.certificate };
});
const never = new AbortController().signal;
const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** Notes which users ask. */
async function server(scheme: 'http' | 'https') {
  const seen: { from: string | undefined; key: string | undefined; path: string | undefined }[] = [];
  const listening =
    scheme === 'http'
      ? createServer((request, response) => {
          const { authorization: key } = request.headers;
          seen.push({ from: request.socket.remoteAddress, key, path: request.url });
          response.end('{}');
        })
      : createSecureServer(leaf, (request, response) => {
          const { authorization: key } = request.headers;
          seen.push({ from: request.stream.session?.socket.remoteAddress, key, path: request.url });
          response.end('{}');
        });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  open.push(() => listening.close());
  return { seen, url: `${scheme}://localhost:${(listening.address() as AddressInfo).port}/api/v1` };
}

describe('users of a load test', () => {
  it.each(['http', 'https'] as const)(
    'over %s have a source address each, connected before the run',
    async (scheme) => {
      const { seen, url } = await server(scheme);
      const users = nodeUsers(url, 300, [], { ca });
      open.push(users.close);
      await users.warm(260, never);
      expect(new Set(seen.map(({ from }) => from)).size).toBe(260);
      expect(seen.map(({ from }) => from)).toEqual(expect.arrayContaining(['127.0.1.1', '127.0.1.250', '127.0.2.10']));
      expect(seen.every(({ path }) => path === '/api/v1/models')).toBe(true);
    },
    // Handshakes, on a machine that may be busy.
    120_000,
  );

  it('have a key each where keys are given', async () => {
    const { seen, url } = await server('http');
    const users = nodeUsers(url, 2, ['one', 'two', 'three'], {});
    open.push(users.close);
    await users.warm(2, never);
    expect(seen.map(({ key }) => key).sort()).toEqual(['Bearer one', 'Bearer two']);
  });

  it('go on where some can not connect', async () => {
    const users = nodeUsers('http://127.0.0.1:1/api/v1', 3, [], {});
    open.push(users.close);
    await expect(users.warm(3, never)).resolves.toBeUndefined();
  });

  it.each<[string, number, string[], object, RegExp | undefined]>([
    ['https://localhost/api/v1', 200, [], {}, undefined],
    ['https://127.0.0.1/api/v1', 200, [], {}, undefined],
    ['https://example.org/api/v1', 1, [], {}, undefined],
    ['https://example.org/api/v1', 2, [], {}, /need one API key each/],
    ['https://localhost/api/v1', 2, [], { connectTo: 'nginx:443' }, /need one API key each/],
    ['https://example.org/api/v1', 3, ['a', 'b'], {}, /3 API keys, but there are 2/],
    ['https://localhost/api/v1', 62_501, [], {}, /At most 62500/],
  ])('of %s, %i of them with keys %j', (url, users, keys, options, problem) => {
    if (problem) expect(identityProblem(url, users, keys, options)).toMatch(problem);
    else expect(identityProblem(url, users, keys, options)).toBeUndefined();
  });
});
