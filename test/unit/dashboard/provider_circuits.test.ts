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

  it('are none where no instance has any', () => {
    expect(providerCircuits([at('app-1', {})])).toEqual([]);
  });
});
