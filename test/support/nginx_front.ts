import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readEnvironment } from '../../src/cli/environment.ts';
import { ensureCertificates } from '../../src/stack/certificates/ensure_certificates.ts';
import { findCommand } from '../../src/stack/machine/run_command.ts';
import { workerAccount } from '../../src/stack/machine/worker_account.ts';
import { nativeNginxPlan } from '../../src/stack/nginx/native_plan.ts';
import { nginxVersion } from '../../src/stack/nginx/nginx_program.ts';
import { renderNginxConf } from '../../src/stack/nginx/render_nginx_conf.ts';
import { stackLayout } from '../../src/stack/stack_layout.ts';
import { DEFAULT_STACK_OPTIONS } from '../../src/stack/stack_options.ts';
import { freePort } from './free_port.ts';
import { until } from './until.ts';

/** A real NGINX with the stack's own configuration, in front of instances that a test has started itself. */
export interface NginxFront extends AsyncDisposable {
  url: string;
  /** PEM of the authority. */
  ca: string;
}

/** @param instances addresses such as `127.0.0.1:8000` */
export async function startNginxFront(instances: string[]): Promise<NginxFront> {
  const { searchPath, uid } = readEnvironment();
  const nginx = findCommand('nginx', searchPath) ?? 'nginx';
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-front-'));
  // Root's NGINX runs its workers as another account.
  chmodSync(folder, 0o711);
  const layout = stackLayout({ root: folder, stateDir: folder, uid: 1, runtimeDir: folder });
  for (const each of [layout.run, path.join(layout.run, 'nginx'), layout.logs]) mkdirSync(each, { recursive: true });
  await ensureCertificates(layout.certificates);
  const ports = { httpsPort: await freePort(), httpPort: await freePort() };
  const machine = {
    nginxVersion: await nginxVersion(nginx),
    workers: uid === 0 ? workerAccount() : undefined,
    hasIpv6: false,
    limit: { files: 4096, workerConnections: 2048, streams: 1024 },
    corsOrigins: undefined,
  };
  const plan = nativeNginxPlan(layout, { ...DEFAULT_STACK_OPTIONS, all: true, ...ports }, machine);
  writeFileSync(layout.nginxConf, renderNginxConf({ ...plan, instances }));
  const child = spawn(nginx, ['-p', folder, '-c', layout.nginxConf, '-e', 'stderr'], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const answers = () =>
    fetch(`http://127.0.0.1:${ports.httpPort}/nginx-health`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until('NGINX answers', async () => {
    if (child.exitCode !== null) throw new Error(`NGINX ended: ${errors}`);
    return answers();
  });
  return {
    url: `https://localhost:${ports.httpsPort}`,
    ca: readFileSync(layout.certificates.authority, 'utf8'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
