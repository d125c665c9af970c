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
      token: undefined,
      tokenFile: undefined,
      peerUrls: [],
      peerSecret: '',
      apiKeysFile: undefined,
      operatorKeyFile: undefined,
    });
  });

  it('takes an empty variable for none, and drops a slash at the end', () => {
    const config = parseConsoleConfig({ CONSOLE_SOCKET: '', API_BASE_URL: 'http://localhost:8000/api/v1/' });
    expect(config).toMatchObject({ socket: undefined, apiBaseUrl: 'http://localhost:8000/api/v1' });
  });

  it('names every variable that is wrong', () => {
    const wrong = { CONSOLE_PORT: '70000', API_BASE_URL: 'localhost' };
    expect(() => parseConsoleConfig(wrong)).toThrow(/CONSOLE_PORT: .*\nAPI_BASE_URL: /);
  });
});
