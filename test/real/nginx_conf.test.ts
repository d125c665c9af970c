import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/cli/environment.ts';
import { ensureCertificates } from '../../src/stack/certificates/ensure_certificates.ts';
import { findCommand } from '../../src/stack/machine/run_command.ts';
import { workerAccount } from '../../src/stack/machine/worker_account.ts';
import { nativeNginxPlan } from '../../src/stack/nginx/native_plan.ts';
import type { NginxPlan } from '../../src/stack/nginx/nginx_plan.ts';
import { nginxConfProblem, nginxVersion } from '../../src/stack/nginx/nginx_program.ts';
import { renderNginxConf } from '../../src/stack/nginx/render_nginx_conf.ts';
import { stackLayout } from '../../src/stack/stack_layout.ts';
import { DEFAULT_STACK_OPTIONS } from '../../src/stack/stack_options.ts';

const { searchPath, uid } = readEnvironment();
const nginx = findCommand('nginx', searchPath) ?? 'nginx';
const folder = mkdtempSync(path.join(tmpdir(), 'weir-conf-'));
const layout = stackLayout({ root: folder, stateDir: folder, uid: 1, runtimeDir: folder });

async function plan(overrides: Partial<NginxPlan> = {}): Promise<NginxPlan> {
  const options = { ...DEFAULT_STACK_OPTIONS, all: true, httpsPort: 39_443, httpPort: 39_080 };
  const machine = {
    nginxVersion: await nginxVersion(nginx),
    workers: uid === 0 ? workerAccount() : undefined,
    hasIpv6: false,
    limit: { files: 1024, workerConnections: 512, streams: 256 },
    corsOrigins: undefined,
  };
  return { ...nativeNginxPlan(layout, options, machine), ...overrides };
}

function problemOf(conf: string): Promise<string | undefined> {
  writeFileSync(layout.nginxConf, conf);
  return nginxConfProblem(nginx, folder, layout.nginxConf);
}

beforeAll(async () => {
  mkdirSync(path.join(layout.run, 'nginx'), { recursive: true });
  mkdirSync(layout.logs, { recursive: true });
  await ensureCertificates(layout.certificates);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('nginx -t', () => {
  it('accepts the native configuration', async () => {
    expect(await problemOf(renderNginxConf(await plan()))).toBeUndefined();
  });

  it('says what is wrong with a broken one', async () => {
    expect(await problemOf('events {} http { nonsense; }')).toMatch(/unknown directive "nonsense"/);
  });

  it('refuses a certificate that is not one', async () => {
    const certificate = path.join(folder, 'broken.crt');
    writeFileSync(certificate, 'not a certificate');
    expect(await problemOf(renderNginxConf(await plan({ certificate })))).toMatch(/cannot load certificate/);
  });

  it('accepts what Compose gets, but for names and paths that only its containers know', async () => {
    const here = await plan();
    const compose = await plan({
      driver: 'compose',
      instances: ['127.0.0.1:8001', '127.0.0.1:8002', '127.0.0.1:8003'],
      console: '127.0.0.1:3001',
      user: here.user,
    });
    expect(await problemOf(renderNginxConf(compose))).toBeUndefined();
  });
});
