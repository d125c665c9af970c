import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Instance, startInstance } from '../support/instance.ts';
import { OFFICIAL_CLIENTS, type OfficialClient, withoutNames } from '../support/official_clients.ts';
import { type MockProviders, startMockProviders, UPSTREAM_FORMATS } from '../support/providers/mock_providers.ts';
import { type RouteFile, routeFile } from '../support/route_files.ts';
import { TRANSLATION_SCENARIOS } from '../support/translation_scenarios.ts';

let providers: MockProviders;
let instance: Instance;
let routes: RouteFile;
beforeAll(async () => {
  providers = await startMockProviders();
  const provider = (speaks: string, protocol: string) => ({
    protocol,
    base_url: `${providers.url}/v1`,
    api_key_env: `KEY_OF_${speaks.toUpperCase()}`,
    capabilities: { speaks: [speaks] },
  });
  routes = routeFile({
    providers: {
      chat: provider('chat', 'openai'),
      responses: provider('responses', 'openai'),
      messages: provider('messages', 'anthropic'),
    },
    routes: {},
  });
  const keys = Object.fromEntries(UPSTREAM_FORMATS.map((name) => [`KEY_OF_${name.toUpperCase()}`, `sk-of-${name}`]));
  instance = await startInstance({ WEIR_CONFIG: routes.file, ...keys, MAX_CONNECTIONS_PER_USER: '1000' });
});
afterAll(async () => {
  await instance.stop();
  await providers[Symbol.asyncDispose]();
  routes[Symbol.dispose]();
});

const ownFormat = ({ format }: OfficialClient) => (format === 'weir' ? 'chat' : format);
const out: string[] = [];
afterAll(() => writeFileSync('/tmp/proof_cells.txt', out.join('\n')));

async function ran(client: OfficialClient, upstream: string, { model, ask }: (typeof TRANSLATION_SCENARIOS)[number]) {
  const n = providers.requests.length;
  const turns = await client
    .run({ url: instance.url, model: `${upstream}/${model}`, ...ask })
    .then(withoutNames, (error) => ['threw', error.status, String(error.message ?? error).slice(0, 400)]);
  const refused = providers.requests
    .slice(n)
    .map((r) => r.refused)
    .filter(Boolean);
  return { turns, refused };
}

describe.each(
  OFFICIAL_CLIENTS.filter((c) => !process.env.ONLY || c.name.includes(process.env.ONLY)).map(
    (client) => [client.name, client] as const,
  ),
)('%s', (_name, client) => {
  describe.each(UPSTREAM_FORMATS.filter((name) => name !== ownFormat(client)))('over %s', (upstream) => {
    it.each(TRANSLATION_SCENARIOS)('$title', async (scenario) => {
      const own = await ran(client, ownFormat(client), scenario);
      const other = await ran(client, upstream, scenario);
      const same = JSON.stringify(own.turns) === JSON.stringify(other.turns);
      out.push(
        `${same ? 'SAME' : 'DIFF'} ${client.name} over ${upstream}: ${scenario.model}${same ? '' : `\n   own   ${JSON.stringify(own.turns).slice(0, 1500)} ${own.refused}\n   other ${JSON.stringify(other.turns).slice(0, 1500)} ${other.refused}`}`,
      );
    });
  });
});
