import { type Instance, startInstance } from './instance.ts';
import { type MockProviders, startMockProviders, UPSTREAM_FORMATS } from './providers/mock_providers.ts';
import { routeFile } from './route_files.ts';

/** An instance before a provider of each format, which are called like their formats: `chat/…`, `messages/…`. */
export interface TranslationGateway extends AsyncDisposable {
  instance: Instance;
  providers: MockProviders;
  url: string;
}

export async function startTranslationGateway(): Promise<TranslationGateway> {
  const providers = await startMockProviders();
  const provider = (speaks: string, protocol: string) => ({
    protocol,
    base_url: `${providers.url}/v1`,
    api_key_env: `KEY_OF_${speaks.toUpperCase()}`,
    capabilities: { speaks: [speaks] },
  });
  const routes = routeFile({
    providers: {
      chat: provider('chat', 'openai'),
      responses: provider('responses', 'openai'),
      messages: provider('messages', 'anthropic'),
    },
    routes: {
      any: {
        targets: [
          { provider: 'responses', model: 'gpt-5.2:refused_529' },
          { provider: 'messages', model: 'claude-sonnet-4-5:refused_529' },
          { provider: 'chat', model: 'acme/large:text' },
        ],
      },
    },
  });
  const keys = Object.fromEntries(UPSTREAM_FORMATS.map((name) => [`KEY_OF_${name.toUpperCase()}`, `sk-of-${name}`]));
  const instance = await startInstance({ WEIR_CONFIG: routes.file, ...keys, MAX_CONNECTIONS_PER_USER: '1000' });
  return {
    instance,
    providers,
    url: instance.url,
    async [Symbol.asyncDispose]() {
      await instance.stop();
      await providers[Symbol.asyncDispose]();
      routes[Symbol.dispose]();
    },
  };
}
