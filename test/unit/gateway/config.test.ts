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

  it('lets one user have nine streams where limits count over the cluster, and wants a Redis for that', () => {
    const cluster = { POOL_SCOPE: 'cluster', REDIS_URL: 'redis://a:7000,b:7001' };
    expect(parseConfig(cluster)).toMatchObject({ MAX_CONNECTIONS_PER_USER: 9, REDIS_FAILURE: 'static' });
    expect(parseConfig({ ...cluster, MAX_CONNECTIONS_PER_USER: '4' }).MAX_CONNECTIONS_PER_USER).toBe(4);
    expect(() => parseConfig({ POOL_SCOPE: 'cluster' })).toThrow(/POOL_SCOPE: .*set REDIS_URL, or POOL_SCOPE=instance/);
    expect(() => parseConfig({ ...cluster, REDIS_URL: 'redis://a,' })).toThrow(/REDIS_URL: .*comma separated/);
  });

  it('counts over the cluster where clients have keys, and says what does not go with them', () => {
    const keys = { AUTH_MODE: 'keys', API_KEYS_FILE: '/keys.json' };
    expect(parseConfig({ ...keys, REDIS_URL: 'redis://a' })).toMatchObject({
      POOL_SCOPE: 'cluster',
      MAX_CONNECTIONS_PER_USER: 9,
    });
    // Alone it is the whole cluster.
    expect(parseConfig(keys)).toMatchObject({ POOL_SCOPE: 'instance', MAX_CONNECTIONS_PER_USER: 3 });
    const wrong = { AUTH_MODE: 'keys', REDIS_URL: 'redis://a', POOL_SCOPE: 'instance', IDENTITY_HEADER: 'X-User' };
    expect(() => parseConfig(wrong)).toThrow(/API_KEYS_FILE: [\s\S]*POOL_SCOPE: [\s\S]*IDENTITY_HEADER: /);
  });

  it('wants a secret for a peer listener on a port, and one address to advertise', () => {
    const port = { PEER_PORT: '8001' };
    expect(() => parseConfig(port)).toThrow(/PEER_SECRET: .*; set the same one on all instances/);
    expect(() => parseConfig({ ...port, PEER_SECRET: '' })).toThrow(/PEER_SECRET/);
    expect(parseConfig({ ...port, PEER_SECRET: 'secret' })).toMatchObject({ PEER_PORT: 8001 });
    expect(parseConfig({ ...port, PEER_SECRET_FILE: '/run/secret' })).toMatchObject({ PEER_PORT: 8001 });
    expect(parseConfig({ PEER_SOCKET: '/run/peer.sock' })).toMatchObject({ PEER_SECRET: '' });
    for (const PEER_ADVERTISE of ['10.0.0.7', 'fd00::7', 'app-1.weir']) {
      expect(parseConfig({ PEER_ADVERTISE })).toMatchObject({ PEER_ADVERTISE });
    }
    for (const PEER_ADVERTISE of ['http://app-1', 'app-1:8001', '0.0.0.0', '::']) {
      expect(() => parseConfig({ PEER_ADVERTISE }), PEER_ADVERTISE).toThrow(/PEER_ADVERTISE/);
    }
  });

  it('takes an empty variable for an unset one, and can not be changed', () => {
    const config = parseConfig({ PORT: '', OPENAI_API_KEY: '' });
    expect(config).toMatchObject({ PORT: 8000 });
    expect(Object.isFrozen(config)).toBe(true);
  });
});
