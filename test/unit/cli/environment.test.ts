import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../src/cli/environment.ts';
import { layoutOf } from '../../../src/cli/stack_access.ts';

describe('readEnvironment', () => {
  it('finds the project around itself, and the system folders behind the PATH', () => {
    const environment = readEnvironment({ PATH: '/bin' });
    expect(layoutOf(environment).certificates.certificate).toMatch(/infrastructure\/nginx\/ssl\/localhost\.crt$/);
    expect(environment.searchPath.split(':').slice(0, 3)).toEqual(['/bin', '/usr/local/sbin', '/usr/sbin']);
    expect(environment.drainSeconds).toBe(30);
  });

  it('keeps a stack with a state folder of its own apart in everything', () => {
    const own = layoutOf(readEnvironment({ WEIR_STATE_DIR: '/tmp/other' }));
    const usual = layoutOf(readEnvironment({}));
    expect(own.certificates.certificate).toBe('/tmp/other/ssl/localhost.crt');
    expect(own.run).not.toBe(usual.run);
    expect(own.logs).toBe('/tmp/other/logs');
  });

  it('takes empty variables for unset ones, and says what is wrong with others', () => {
    expect(readEnvironment({ DRAIN_SECONDS: '', CORS_ORIGINS: '' })).toMatchObject({
      drainSeconds: 30,
      corsOrigins: undefined,
    });
    expect(() => readEnvironment({ DRAIN_SECONDS: 'soon' })).toThrow(/whole number of seconds/);
  });

  it('keeps socket paths short enough for the system', () => {
    const layout = layoutOf(
      readEnvironment({ WEIR_STATE_DIR: `/tmp/${'x'.repeat(200)}`, XDG_RUNTIME_DIR: '/r'.repeat(60) }),
    );
    expect(`${layout.privateRun}/app-64.peer.sock`.length).toBeLessThan(100);
  });
});
