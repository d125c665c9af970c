import { expect, it } from 'vitest';
import { serverBase } from '../../../src/adapters/providers/server_base.ts';

it.each([
  ['https://api.openai.com/v1', 'https://api.openai.com', '/v1'],
  ['http://127.0.0.1:8080/v1//', 'http://127.0.0.1:8080', '/v1'],
  ['https://api.anthropic.com', 'https://api.anthropic.com', ''],
  ['https://models.example/team/a%20b/v1/', 'https://models.example', '/team/a%20b/v1'],
])('a request to %s goes to that host, below that path', (baseUrl, origin, prefix) => {
  expect(serverBase(baseUrl)).toEqual({ origin, prefix });
});
