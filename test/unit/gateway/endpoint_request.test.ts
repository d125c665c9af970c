import { expect, it } from 'vitest';
import { buildGateway } from '../../../src/gateway/build_gateway.ts';
import { parseConfig } from '../../../src/gateway/config.ts';
import { parseBody } from '../../../src/gateway/endpoints/endpoint_request.ts';
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
