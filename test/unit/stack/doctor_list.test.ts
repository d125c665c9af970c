import { describe, expect, it } from 'vitest';
import { type Check, type DoctorContext, fail, ok, startCommand, warn } from '../../../src/stack/doctor/check.ts';
import { CHECK_LIST, type ListedCheck } from '../../../src/stack/doctor/check_list.ts';
import { hasSharedZone } from '../../../src/stack/doctor/nginx_checks.ts';
import { runDoctor } from '../../../src/stack/doctor/run_doctor.ts';
import { DEFAULT_STACK_OPTIONS } from '../../../src/stack/stack_options.ts';

const context = { options: { ...DEFAULT_STACK_OPTIONS, all: true } } as DoctorContext;
const run = async (list: ListedCheck[], opensStreams = true) => {
  const checks = await runDoctor(context, { services: [], opensStreams, list });
  return checks.map(({ id, result }) => `${id} ${result}`);
};
const says = (check: Check): ListedCheck['run'] => {
  return () => check;
};
const failing = (id: Check['id']) => fail(id, 'broken', 'because', 'fix it');

describe('the list of checks', () => {
  it('names only checks that stand before, so that their results are known', () => {
    const before = new Set<string>();
    for (const { id, needs = [], explainedBy = [] } of CHECK_LIST) {
      expect([...needs, ...explainedBy].filter((other) => !before.has(other))).toEqual([]);
      before.add(id);
    }
  });
});

describe('the doctor', () => {
  it('leaves out what can not be answered, and what can not be answered without that', async () => {
    const list: ListedCheck[] = [
      { id: 'nginx_running', run: says(failing('nginx_running')) },
      { id: 'api_url', needs: ['nginx_running'], run: says(ok('api_url', 'never asked')) },
      { id: 'cors', needs: ['api_url'], run: says(ok('cors', 'never asked')) },
      { id: 'disk', run: says(ok('disk', 'plenty')) },
    ];
    expect(await run(list)).toEqual(['nginx_running fail', 'disk ok']);
  });

  it('keeps to itself what follows from an earlier finding, and goes on from there all the same', async () => {
    const list: ListedCheck[] = [
      { id: 'shared_zone', run: says(warn('shared_zone', 'none', 'because', 'fix it')) },
      { id: 'balance', explainedBy: ['shared_zone'], run: says(failing('balance')) },
      { id: 'cors', needs: ['balance'], run: says(ok('cors', 'never asked')) },
      { id: 'unbuffered', explainedBy: ['shared_zone'], run: says(ok('unbuffered', 'well')) },
    ];
    expect(await run(list)).toEqual(['shared_zone warn', 'unbuffered ok']);
  });

  it('turns a check that breaks itself into a finding', async () => {
    const list: ListedCheck[] = [
      {
        id: 'disk',
        run: () => {
          throw new Error('no such folder');
        },
      },
    ];
    const checks = await runDoctor(context, { services: [], list });
    expect(checks).toMatchObject([{ id: 'disk', result: 'fail', what: 'the check itself failed (no such folder)' }]);
  });

  it('opens no streams where it must not', async () => {
    const list: ListedCheck[] = [{ id: 'balance', opensStreams: true, run: says(ok('balance', 'even')) }];
    expect([await run(list, false), await run(list)]).toEqual([[], ['balance ok']]);
  });

  it('names the command that starts a stack as it was', () => {
    const { options } = context;
    expect(startCommand(context)).toBe('./weir start --all');
    expect(startCommand({ ...context, options: { ...options, httpsPort: 8443 } })).toBe('./weir restart');
    expect(startCommand({ ...context, options: { ...options, redisUrl: 'redis://r:1' } })).toBe('./weir restart');
  });
});

describe('hasSharedZone', () => {
  it('looks into the upstream of the streams only', () => {
    const conf = (zone: string) =>
      `upstream sse_backend {\n  # zone\n  ${zone}\n}\nupstream other {\n  zone other 1k;\n}\n`;
    expect(hasSharedZone(conf('zone sse_backend 256k;'))).toBe(true);
    expect(hasSharedZone(conf('least_conn;'))).toBe(false);
  });
});
