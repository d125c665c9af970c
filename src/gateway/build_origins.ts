import { HttpOrigin } from '../adapters/providers/http_origin.ts';
import { OriginRegistry } from '../core/passthrough/origin_registry.ts';
import type { TimerWheel } from '../core/time/timer_wheel.ts';
import type { GatewayConfig } from './config.ts';
import { ANTHROPIC_VERSION } from './doors/door.ts';

/** The providers whose own APIs are passed through, as the environment names them. */
export function buildOrigins(config: GatewayConfig, wheel: TimerWheel) {
  const openai = new HttpOrigin(
    {
      name: 'openai',
      speaks: ['chat', 'embeddings', 'responses'],
      modelsPath: '/models',
      baseUrl: config.OPENAI_BASE_URL,
      apiKey: config.OPENAI_API_KEY,
      keyHeaders: (key) => ({ authorization: `Bearer ${key}` }),
      unusable: withoutKey('OPENAI', config.OPENAI_BASE_URL, config.OPENAI_API_KEY, 'api.openai.com'),
    },
    wheel,
  );
  const anthropic = new HttpOrigin(
    {
      name: 'anthropic',
      speaks: ['messages'],
      modelsPath: '/v1/models?limit=1000',
      modelsHeaders: { 'anthropic-version': ANTHROPIC_VERSION },
      // Its clients name the address without the version; who names it with one means the same.
      baseUrl: config.ANTHROPIC_BASE_URL.replace(/\/v1\/*$/, ''),
      apiKey: config.ANTHROPIC_API_KEY,
      keyHeaders: (key) => ({ 'x-api-key': key }),
      unusable: withoutKey('ANTHROPIC', config.ANTHROPIC_BASE_URL, config.ANTHROPIC_API_KEY, 'api.anthropic.com'),
    },
    wheel,
  );
  const origins = [openai, anthropic];
  return {
    registry: new OriginRegistry(origins, config.DEFAULT_PROVIDER, 'fake'),
    close: async () => {
      await Promise.all(origins.map((origin) => origin.close()));
    },
  };
}

/** A server of one's own may want no key; the one that everybody knows does. */
function withoutKey(prefix: string, base: string, key: string | undefined, wants: string): string | undefined {
  if (key || new URL(base).hostname !== wants) return undefined;
  return `This provider has no key; set ${prefix}_API_KEY, or ${prefix}_BASE_URL for a server that wants none.`;
}
