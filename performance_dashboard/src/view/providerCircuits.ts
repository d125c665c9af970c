import type { InstanceView, ModelsView } from '../api.ts';

export interface ProviderCircuit {
  provider: string;
  tone: 'good' | 'warn' | 'bad' | 'idle';
  /** Such as `closed`, `open on app-1, half open on app-2`, or why the provider is unavailable. */
  words: string;
}

const STATES = [
  { state: 'open', tone: 'bad', word: 'open' },
  { state: 'half_open', tone: 'warn', word: 'half open' },
] as const;

/**
 * The state of each provider. Each instance has its own circuits; the worst one is shown.
 * @param providers as the API lists them; an unavailable one gets no requests, so its circuit is closed
 */
export function providerCircuits(
  instances: readonly Pick<InstanceView, 'id' | 'breakers' | 'refused_keys'>[],
  providers: readonly Pick<ModelsView['providers'][number], 'name' | 'usable' | 'reason'>[] = [],
): ProviderCircuit[] {
  const names = new Set(instances.flatMap(({ breakers }) => Object.keys(breakers)));
  return [...names].sort().map((provider) => {
    const troubled = STATES.map((known) => ({
      ...known,
      ids: instances.filter(({ breakers }) => breakers[provider] === known.state).map(({ id }) => id),
    })).filter(({ ids }) => ids.length > 0);
    const words = troubled.map(({ word, ids }) => {
      return ids.length === instances.length ? `${word} on all instances` : `${word} on ${ids.join(', ')}`;
    });
    const refused = instances
      .map(({ refused_keys }) => refused_keys?.[provider])
      .find((status) => status !== undefined);
    if (refused !== undefined) words.unshift(`refuses the key of this deployment (${refused})`);
    const unasked = providers.find(({ name, usable }) => name === provider && !usable)?.reason;
    if (words.length === 0 && unasked !== undefined) return { provider, tone: 'idle', words: unasked };
    const tone = refused === undefined ? (troubled[0]?.tone ?? 'good') : 'bad';
    return { provider, tone, words: words.join(', ') || 'closed' };
  });
}
