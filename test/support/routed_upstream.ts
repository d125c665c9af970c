import type { ApiFormat } from '../../src/config/provider_presets.ts';
import type { RoutedUpstream } from '../../src/core/routing/selected_route.ts';

/** An upstream of a routing table that is never asked. @param reason why it can't be used */
export function routedUpstream(name: string, speaks: readonly ApiFormat[], reason?: string): RoutedUpstream {
  const isFake = name === 'fake';
  return {
    upstream: {
      name,
      isFake,
      speaks,
      modelsRequest: undefined,
      unusable: () => reason,
      serves: (format) => {
        if (format === 'embeddings') return speaks.includes(format);
        if (format === 'count_tokens') return !isFake && speaks.includes('messages');
        return speaks.some((spoken) => spoken !== 'embeddings');
      },
      prepare: () => [],
      redact: (text) => text,
      open: () => Promise.reject(new Error('it is never asked')),
    },
    models: [],
    breaker: undefined,
    credential: undefined,
    key: '',
    firstTokenMs: undefined,
  };
}
