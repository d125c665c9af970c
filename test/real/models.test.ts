import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ModelsView } from '../../src/formats/cluster/cluster_view.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { along, type RouteFile, routeFile } from '../support/route_files.ts';

const CANARY = 'sk-canary-51c0de';
const FAKE = { name: 'fake', usable: true, speaks: ['chat', 'responses', 'messages'], any_model: true };

let mock: MockOpenai;
let config: RouteFile;
let instance: Instance;
let bare: Instance;
/** A provider that takes requests and answers none. */
const silent = createServer((_, response) => {
  unanswered += 1;
  response.once('close', () => {
    unanswered -= 1;
  });
});
let unanswered = 0;
beforeAll(async () => {
  mock = await startMockOpenai();
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  config = routeFile({
    default_provider: 'house',
    providers: {
      house: {
        base_url: mock.url,
        api_key_env: 'HOUSE_KEY',
        headers: { 'x-team': CANARY },
        prices: { 'house-large': { input: 1, output: 2 } },
      },
      openai: { preset: 'openai' },
      anthropic: { preset: 'anthropic', base_url: 'http://127.0.0.1:1' },
      vectors: { base_url: 'http://127.0.0.1:1/v1', capabilities: { speaks: ['embeddings'] } },
      silent: { base_url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/v1` },
      filed: { preset: 'groq', api_key_file: 'nowhere.key' },
    },
    routes: {
      smart: along('openai/gpt-5-mini', 'house/house-small'),
      made: { targets: [{ provider: 'fake', model: 'story', weight: 3 }] },
      closed: along('openai/gpt-5'),
    },
  });
  [instance, bare] = await Promise.all([
    startInstance({ WEIR_CONFIG: config.file, HOUSE_KEY: CANARY, ANTHROPIC_API_KEY: CANARY }),
    startInstance({ OPENAI_API_KEY: CANARY, OPENAI_BASE_URL: mock.url }),
  ]);
});
afterAll(async () => {
  await Promise.all([instance.stop(), bare.stop()]);
  config[Symbol.dispose]();
  silent.closeAllConnections();
  silent.close();
  await mock.close();
});

async function models({ url }: Instance): Promise<ModelsView> {
  const text = await (await fetch(`${url}/api/v1/models`)).text();
  expect(text).not.toContain(CANARY);
  return JSON.parse(text) as ModelsView;
}

it('every provider of the file is there, with its models, whether it is usable, and why not', async () => {
  const view = await models(instance);
  // No request waits for a list that does not come.
  expect(unanswered).toBe(1);
  expect(view).toEqual({
    default_provider: 'house',
    providers: [
      { ...FAKE, models: ['demo', 'gpt-3.5-turbo', 'story'] },
      {
        name: 'house',
        usable: true,
        speaks: ['chat'],
        models: ['house-large', 'house-small', 'mock-5x0'],
        any_model: true,
      },
      {
        name: 'openai',
        usable: false,
        reason: expect.stringContaining('set OPENAI_API_KEY'),
        speaks: ['chat', 'responses', 'embeddings'],
        models: ['gpt-5-mini', 'gpt-5'],
        any_model: true,
      },
      { name: 'anthropic', usable: true, speaks: ['messages'], models: [], any_model: true },
      { name: 'vectors', usable: true, speaks: ['embeddings'], models: [], any_model: true },
      { name: 'silent', usable: true, speaks: ['chat'], models: [], any_model: true },
      {
        name: 'filed',
        usable: false,
        reason: expect.stringMatching(/nowhere\.key can not be read \(ENOENT\)/),
        speaks: ['chat', 'responses'],
        models: [],
        any_model: true,
      },
    ],
    routes: [
      {
        name: 'smart',
        usable: true,
        speaks: ['chat', 'responses', 'embeddings'],
        ...along('openai/gpt-5-mini', 'house/house-small'),
      },
      {
        name: 'made',
        usable: true,
        speaks: ['chat', 'responses', 'messages'],
        targets: [{ provider: 'fake', model: 'story', weight: 3 }],
      },
      { name: 'closed', usable: false, speaks: ['chat', 'responses', 'embeddings'], ...along('openai/gpt-5') },
    ],
  });
});

it('without a file there are the two that variables make, and fake', async () => {
  expect(await models(bare)).toEqual({
    default_provider: 'fake',
    providers: [
      { ...FAKE, models: ['demo', 'gpt-3.5-turbo'] },
      {
        name: 'openai',
        usable: true,
        speaks: ['chat', 'responses', 'embeddings'],
        models: ['mock-5x0'],
        any_model: true,
      },
      {
        name: 'anthropic',
        usable: false,
        reason: expect.stringContaining('set ANTHROPIC_API_KEY'),
        speaks: ['messages'],
        models: [],
        any_model: true,
      },
    ],
    routes: [],
  });
});
