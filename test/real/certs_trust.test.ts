import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../browser/dashboard_page.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';

/** A home of its own: the browser's database of this test is no one else's. */
const home = mkdtempSync(path.join(tmpdir(), 'weir-home-'));
const profile = path.join(home, '.mozilla/firefox/abc.default');
let stack: StackFixture;

beforeAll(async () => {
  stack = await newStack({ HOME: home });
  await stack.start(['--instances', '1']);
});
// Also after a failure: the system's store belongs to the whole machine.
afterAll(async () => {
  await stack.weir(['certs', 'untrust']);
  await stack.destroy();
  rmSync(home, { recursive: true, force: true });
});

function run(command: string, args: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { PATH: process.env.PATH, HOME: home }, stdio: 'ignore' });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

const FETCH = 'fetch(process.argv[1]).then(() => process.exit(0), () => process.exit(1))';

async function inChromium(url: string, ...flags: string[]): Promise<string> {
  const browser = await launchBrowser(flags, { ...process.env, HOME: home });
  try {
    const page = await browser.newPage();
    const answer = await page.goto(url).catch((error: Error) => error);
    return answer instanceof Error ? (/ERR_\w+/.exec(answer.message)?.[0] ?? answer.message) : `${answer?.status()}`;
  } finally {
    await browser.close();
  }
}

async function whoAccepts() {
  const url = `${stack.api}/health`;
  return {
    curl: (await run('curl', ['-sf', url])) === 0,
    node: (await run(process.execPath, ['--use-system-ca', '-e', FETCH, url])) === 0,
    chromium: await inChromium(url),
  };
}

const accepted = { curl: true, node: true, chromium: '200' };
const refused = { curl: false, node: false, chromium: 'ERR_CERT_AUTHORITY_INVALID' };
/** A server for a name that the authority may not vouch for, with a certificate that it signed all the same. */
async function strangeServer(): Promise<{ server: Server; port: number }> {
  const at = (name: string) => path.join(home, name);
  const ssl = path.join(stack.state, 'ssl');
  writeFileSync(at('names'), 'subjectAltName=DNS:other.test\n');
  const request = `openssl req -new -newkey rsa:2048 -nodes -keyout ${at('key')} -subj /CN=other.test -out ${at('csr')}`;
  const signing = `openssl x509 -req -in ${at('csr')} -CA ${ssl}/ca.crt -CAkey ${ssl}/ca.key -CAserial ${at('serial')} -CAcreateserial`;
  expect(await run('sh', ['-c', `${request} && ${signing} -days 9 -extfile ${at('names')} -out ${at('crt')}`])).toBe(0);
  const server = createServer({ key: readFileSync(at('key')), cert: readFileSync(at('crt')) }, (_request, response) =>
    response.end('other'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

const trustCheck = async () => {
  const { stdout } = await stack.weir(['doctor', '--json']);
  const { checks } = JSON.parse(stdout) as { checks: { id: string; result: string; fix: string }[] };
  return checks.find(({ id }) => id === 'certificate_trust');
};

describe('certs trust', () => {
  it('makes curl, Node.js and Chromium accept the stack, and untrust makes them refuse it again', async () => {
    expect(await whoAccepts()).toEqual(refused);
    expect(await trustCheck()).toMatchObject({ result: 'warn', fix: './weir certs trust' });

    const trust = await stack.weir(['certs', 'trust']);
    expect([trust.code, trust.stdout]).toEqual([0, expect.stringMatching(/added +system .*\nadded +Chromium /)]);
    expect(await whoAccepts()).toEqual(accepted);
    expect(await trustCheck()).toMatchObject({ result: 'ok' });
    const shown = await stack.weir(['certs', 'show']);
    expect(shown.stdout.match(/^trusted +yes/gm)).toHaveLength(2);

    // Name constraints: it is trusted for this machine's names and for no other.
    const { server, port } = await strangeServer();
    const strange = `https://other.test:${port}/`;
    expect(await run('curl', ['-skf', '--resolve', `other.test:${port}:127.0.0.1`, strange])).toBe(0);
    expect(await run('curl', ['-sf', '--resolve', `other.test:${port}:127.0.0.1`, strange])).not.toBe(0);
    expect(await inChromium(strange, '--host-resolver-rules=MAP other.test 127.0.0.1')).toMatch(/^ERR_CERT_/);
    server.close();

    const again = await stack.weir(['certs', 'trust']);
    expect([again.code, again.stdout]).toEqual([0, expect.not.stringContaining('added')]);

    const untrust = await stack.weir(['certs', 'untrust']);
    expect([untrust.code, untrust.stdout]).toEqual([
      0,
      expect.stringMatching(/removed +system .*\nremoved +Chromium /),
    ]);
    expect(await whoAccepts()).toEqual(refused);
    const nothing = await stack.weir(['certs', 'untrust']);
    expect([nothing.code, nothing.stderr]).toEqual([0, expect.stringContaining('nothing to undo')]);
  });

  it('takes the older authority out when there is a new one, and finds the profiles of Firefox', async () => {
    mkdirSync(profile, { recursive: true });
    expect(await run('certutil', ['-N', '-d', `sql:${profile}`, '--empty-password'])).toBe(0);
    const inProfile = () => run('sh', ['-c', `certutil -L -d sql:${profile} | grep -c Weir | grep -qx 1`]);
    expect((await stack.weir(['certs', 'trust'])).stdout).toMatch(/added +Firefox /);
    expect(await inProfile()).toBe(0);

    rmSync(path.join(stack.state, 'ssl/ca.key'));
    await stack.weir(['certs', 'renew']);
    expect((await stack.weir(['certs', 'show'])).stdout).toMatch(/trusted +no: system/);
    expect((await stack.weir(['certs', 'trust'])).stdout).toMatch(/added +system /);
    expect(await inProfile()).toBe(0);
    expect((await stack.weir(['restart', 'nginx'])).code).toBe(0);
    expect(await whoAccepts()).toEqual(accepted);
    expect((await stack.weir(['certs', 'untrust'])).code).toBe(0);
    expect(await inProfile()).not.toBe(0);
  });
});
