import { describe, expect, it } from 'vitest';
import { parseConsoleConfig } from '../../../src/console/console_config.ts';

describe('the console’s environment', () => {
  it('has a default for everything', () => {
    expect(parseConsoleConfig({})).toEqual({
      host: '127.0.0.1',
      port: 3001,
      socket: undefined,
      proxiedPort: undefined,
      apiBaseUrl: 'https://localhost/api/v1',
      connectTo: undefined,
      dashboardDir: 'performance_dashboard/dist',
      caFile: undefined,
      runsDir: '.weir/runs',
      controlSocket: undefined,
      instanceUrls: undefined,
      token: undefined,
      tokenFile: undefined,
      peerUrls: [],
      peerSecret: '',
      peerSecretFile: undefined,
      apiKeysFile: undefined,
      operatorKeyFile: undefined,
    });
  });

  it('takes an empty variable for none, and drops a slash at the end', () => {
    const config = parseConsoleConfig({ CONSOLE_SOCKET: '', API_BASE_URL: 'http://localhost:8000/api/v1/' });
    expect(config).toMatchObject({ socket: undefined, apiBaseUrl: 'http://localhost:8000/api/v1' });
  });

  it('takes the addresses of instances by name', () => {
    const { instanceUrls } = parseConsoleConfig({ INSTANCE_URLS: 'app-1=http://app-1:8000,app-2=http://app-2:8000' });
    expect([...(instanceUrls ?? [])]).toEqual([
      ['app-1', 'http://app-1:8000'],
      ['app-2', 'http://app-2:8000'],
    ]);
  });

  it('names every variable that is wrong', () => {
    const wrong = { CONSOLE_PORT: '70000', API_BASE_URL: 'localhost', INSTANCE_URLS: 'http://app-1:8000' };
    expect(() => parseConsoleConfig(wrong)).toThrow(/CONSOLE_PORT: .*\nAPI_BASE_URL: .*\nINSTANCE_URLS: /);
  });
});
