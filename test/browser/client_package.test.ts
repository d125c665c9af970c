import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnswerServer } from '../unit/client/answer_server.ts';
import { launchBrowser } from './dashboard_page.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PACKAGE = path.join(ROOT, 'packages/client');
const run = promisify(execFile);
const program = (file: string) => path.join(ROOT, 'node_modules', file);

const EVENTS = ['data: {"choices":[]}\n\n', 'data: "ü"\n\n', 'data: [DONE]\n\n'];

/** What a user may write: each export, and types that are checked. */
const CONSUMER = `
import { attachStream, openStream, resumableFetch, StreamRefusal, streamEvents } from 'weir-client';
import type { StreamEvent, StreamResult } from 'weir-client';

export async function answer(origin: string): Promise<string> {
  const init = { method: 'POST', body: '{}' };
  return (await resumableFetch({ giveUpAfterMs: 9_000 })(origin + '/v1/chat/completions', init)).text();
}

export async function text(baseUrl: string): Promise<string> {
  const request = { query: 'hi', model: 'demo', resumable: true, fake: { tokens: 3 } };
  const result: StreamResult = await openStream(request, { baseUrl, onEvent: (event: StreamEvent) => event.type });
  const again = await attachStream(result.head.threadId ?? '', { baseUrl });
  for await (const event of streamEvents(request, { baseUrl })) if (event.type === 'chunk') return event.data.content;
  return result.outcome === 'complete' ? result.complete.sha256 : again.text;
}

// @ts-expect-error a request names its model
openStream({ query: 'hi' }, { baseUrl: '' }).catch((error: unknown) => error instanceof StreamRefusal && error.code);
`;

let folder: string;
let tarball: string;
const file = (name: string) => path.join(folder, name);

/** Packs it as a release does, and installs the tarball into an empty project. */
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'weir-client-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: PACKAGE });
  tarball = file(/weir-client-[\d.]+\.tgz/.exec(stdout)![0]);
  writeFileSync(file('package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
  writeFileSync(file('consumer.ts'), CONSUMER);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server whose answer breaks off twice, inside of an event and between two. */
const brokenAnswer = () => {
  const cuts = [{ after: 40, as: 'reset' } as const, { after: 5, as: 'end' } as const];
  return new AnswerServer({ events: EVENTS, cuts }).listen();
};

async function answerIn(node: string): Promise<string> {
  using server = await brokenAnswer();
  const code = `
    import { resumableFetch } from 'weir-client';
    const answer = await resumableFetch()('${server.origin}/v1/chat/completions', { method: 'POST', body: '{}' });
    process.stdout.write(await answer.text());`;
  return (await run(node, ['--input-type=module', '--eval', code], { cwd: folder })).stdout;
}

describe('weir-client, packed and installed', () => {
  it('is the module, its types, licence and readme, and at most 8 KB with gzip', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball]);
    const files = stdout
      .trim()
      .split('\n')
      .filter((name) => !/^package\/dist\/types\/.*\.d\.ts$/.test(name));
    expect(files.sort()).toEqual(
      ['LICENSE', 'README.md', 'dist/weir_client.js', 'dist/weir_client.js.map', 'package.json'].map(
        (name) => `package/${name}`,
      ),
    );
    const module = readFileSync(file('node_modules/weir-client/dist/weir_client.js'));
    expect(gzipSync(module, { level: 9 }).length).toBeLessThanOrEqual(8 * 1024);
    expect(module.toString()).not.toMatch(/^import|\bfrom ['"`]/m);
  });

  it('has nothing that publint finds', async () => {
    const { messages } = await publint({ pkgDir: file('node_modules/weir-client'), strict: true, pack: false });
    expect(messages).toEqual([]);
  });

  it.each([
    ['nodenext', 'nodenext', 'es2022,dom'],
    ['bundler', 'esnext', 'es2022,dom,dom.iterable'],
  ])('has types for %s', async (moduleResolution, module, lib) => {
    const options = { moduleResolution, module, lib, target: 'es2022', strict: true, noEmit: true, types: '' };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const checked = run(process.execPath, [program('typescript/bin/tsc'), ...args, 'consumer.ts'], { cwd: folder });
    expect(await checked.catch((error: { stdout: string }) => error.stdout)).toMatchObject({ stdout: '' });
  });

  it('runs in this Node.js', async () => {
    expect(await answerIn(process.execPath)).toBe(EVENTS.join(''));
  });

  it('is bundled by Vite, and runs in Chromium', async () => {
    writeFileSync(file('index.html'), '<script type="module" src="/main.ts"></script>');
    writeFileSync(file('main.ts'), "import { answer } from './consumer';\nObject.assign(window, { answer });\n");
    await run(process.execPath, [program('vite/bin/vite.js'), 'build', '--logLevel', 'warn'], { cwd: folder });
    using server = await brokenAnswer();
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const assets = /^\/(index\.html|assets\/.*)$/;
      await page.route(
        ({ pathname }) => assets.test(pathname),
        (route) => route.fulfill({ path: file(`dist${new URL(route.request().url()).pathname}`) }),
      );
      await page.goto(`${server.origin}/index.html`);
      const answer = page.evaluate('answer(location.origin)');
      expect(await answer).toBe(EVENTS.join(''));
    } finally {
      await browser.close();
    }
  });
});

/** What it takes to check it further is installed first: only in the long form. */
describe.runIf(process.env.WEIR_TEST_LONG)('weir-client, packed and installed, in the long form', () => {
  const tools = path.join(ROOT, '.weir/client_check');

  beforeAll(async () => {
    cpSync(path.join(PACKAGE, 'check'), tools, { recursive: true });
    await run('npm', ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: tools });
  });

  // There is no package of Node.js 20 for Macs.
  it.each(process.platform === 'darwin' ? ['22'] : ['20', '22'])('runs in Node.js %s', async (version) => {
    const node = path.join(tools, `node_modules/node-${version}-${process.platform}-${process.arch}/bin/node`);
    expect((await run(node, ['--version'])).stdout).toMatch(`v${version}.`);
    expect(await answerIn(node)).toBe(EVENTS.join(''));
  });

  it('has nothing that attw finds', async () => {
    const attw = path.join(tools, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    await run(process.execPath, [attw, tarball, '--profile', 'esm-only']);
  });
});
