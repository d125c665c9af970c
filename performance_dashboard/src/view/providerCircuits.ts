import type { InstanceView, ModelsView } from '../api.ts';

export interface ProviderCircuit {
  provider: string;
  tone: 'good' | 'warn' | 'bad' | 'idle';
  /** `closed`, or what it is else: why it can't be asked at all, `refuses the key of this deployment (401)`, `open on app-1, half open on app-2`. */
  words: string;
}

const STATES = [
  { state: 'open', tone: 'bad', word: 'open' },
  { state: 'half_open', tone: 'warn', word: 'half open' },
] as const;

/**
 * Each instance has circuits of its own, and its own experience with a key; a provider is shown by the worst of them.
 * @param providers as the API lists them: one that nobody can ask has a closed circuit too, for want of requests
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
