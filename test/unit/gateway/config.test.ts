import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../../src/gateway/config.ts';

describe('the configuration of an instance', () => {
  it('has the defaults that the documentation names', () => {
    expect(parseConfig({})).toMatchObject({
      PORT: 8000,
      POOL_SCOPE: 'instance',
      MAX_CONNECTIONS: 10_000,
      MAX_CONNECTIONS_PER_USER: 3,
      DEFAULT_PROVIDER: 'fake',
      DRAIN_SECONDS: 30,
    });
  });

  it('reports all problems at once, by name', () => {
    const wrong = { PORT: 'eighty', MAX_CONNECTIONS: '0', REDIS_URL: 'localhost', LOG_LEVEL: 'loud' };
    expect(() => parseConfig(wrong)).toThrow(ConfigError);
    expect(() => parseConfig(wrong)).toThrow(/PORT:[\s\S]*REDIS_URL:[\s\S]*MAX_CONNECTIONS:[\s\S]*LOG_LEVEL:/);
  });

  it('takes an empty variable for an unset one, and can not be changed', () => {
    const config = parseConfig({ PORT: '', OPENAI_API_KEY: '' });
    expect(config).toMatchObject({ PORT: 8000 });
    expect(Object.isFrozen(config)).toBe(true);
  });
});
