import { describe, expect, it } from 'vitest';
import { providerCircuits } from '../../../performance_dashboard/src/view/providerCircuits.ts';

const at = (id: string, breakers: Record<string, string>) => ({ id, breakers });

describe('the circuits of the providers', () => {
  it('are each one line, by name: closed, or where they are not', () => {
    const one = { openai: 'closed', groq: 'open', mistral: 'half_open' };
    const two = { openai: 'closed', groq: 'open', mistral: 'closed' };
    expect(providerCircuits([at('app-1', one), at('app-2', two)])).toEqual([
      { provider: 'groq', tone: 'bad', words: 'open on all instances' },
      { provider: 'mistral', tone: 'warn', words: 'half open on app-1' },
      { provider: 'openai', tone: 'good', words: 'closed' },
    ]);
  });

  it('say before all else that a provider refuses the key', () => {
    const refusing = { ...at('app-2', { openai: 'closed' }), refused_keys: { openai: 401 } };
    expect(providerCircuits([at('app-1', { openai: 'open' }), refusing])).toEqual([
      { provider: 'openai', tone: 'bad', words: 'refuses the key of this deployment (401), open on app-1' },
    ]);
  });

  it('say why a provider is unavailable, if no circuit says more', () => {
    const instances = [at('app-1', { openai: 'closed', groq: 'open' })];
    const reason = 'OPENAI_API_KEY is not set.';
    const listed = [
      { name: 'openai', usable: false, reason },
      { name: 'groq', usable: false, reason: 'never shown' },
    ];
    expect(providerCircuits(instances, listed)).toEqual([
      { provider: 'groq', tone: 'bad', words: 'open on all instances' },
      { provider: 'openai', tone: 'idle', words: reason },
    ]);
  });

  it('are none where no instance has any', () => {
    expect(providerCircuits([at('app-1', {})])).toEqual([]);
  });
});
